import type { IncomingMessage } from "node:http";

/**
 * Whether a request says in two ways where it goes or where it ends, which others on the way may have read
 * differently: no `Host` or several (RFC 9112 3.2), or an encoding besides `chunked` (RFC 9112 6.1).
 */
export function isMalformed({ headers }: IncomingMessage): boolean {
  const { host, "transfer-encoding": encoding } = headers;
  return host === undefined || host.includes(",") || (encoding !== undefined && encoding.toLowerCase() !== "chunked");
}
