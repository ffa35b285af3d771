import type { IncomingMessage } from "node:http";

/**
 * Whether a request says in two ways where it goes or where it ends, which others on the way may have read
 * differently: no `Host` or several (RFC 9112 3.2), an encoding besides `chunked`, or one in HTTP/1.0, which has none
 * (RFC 9112 6.1).
 */
export function isMalformed({ headers, httpVersion }: IncomingMessage): boolean {
  const { host, "transfer-encoding": encoding } = headers;
  if (host === undefined || host.includes(",")) return true;
  return encoding !== undefined && (encoding.toLowerCase() !== "chunked" || httpVersion !== "1.1");
}
