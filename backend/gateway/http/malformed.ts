import type { IncomingMessage } from "node:http";

/**
 * Whether the destination or the end of a request is ambiguous, so that a proxy on the way may have read it
 * differently: no `Host` or several (RFC 9112 3.2), an encoding besides `chunked`, or one in HTTP/1.0, which has none
 * (RFC 9112 6.1).
 */
export function isMalformed({ headers, httpVersion }: IncomingMessage): boolean {
  const { host, "transfer-encoding": encoding } = headers;
  if (host === undefined || host.includes(",")) return true;
  return encoding !== undefined && (encoding.toLowerCase() !== "chunked" || httpVersion !== "1.1");
}
