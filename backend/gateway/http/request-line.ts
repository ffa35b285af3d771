import type { Exchange } from "./exchange.ts";

/** Maximum characters of a path in the log. */
const MAX_PATH_LENGTH = 200;

/**
 * The members of a request's line in the log, as JSON with a comma before each: no query, no body, and no header that a
 * client can choose. The method is one that Node.js accepts, the ray and the id are hexadecimal: they need no escapes.
 */
export function requestLogMembers(
  { id, path, client: { ray, address }, request: { method }, identity }: Exchange,
  status: number,
  milliseconds: number,
  code?: string,
): string {
  return (
    `,"id":"${id}"${ray === undefined ? "" : `,"ray":"${ray}"`},"method":"${method}",` +
    `"path":${JSON.stringify(path.slice(0, MAX_PATH_LENGTH))},"status":${status}` +
    `${code === undefined ? "" : `,"code":${JSON.stringify(code)}`},"ms":${Math.round(milliseconds * 100) / 100},` +
    `"address":${JSON.stringify(address)}${identity === undefined ? "" : `,"user":${JSON.stringify(identity.user.id)}`}`
  );
}
