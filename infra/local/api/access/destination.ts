/**
 * What an application covers
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/app-paths/).
 */

/** A hostname and a path, each perhaps with wildcards. */
export interface DestinationPattern {
  /** Lower case; `*` stands for characters of one label. */
  readonly host: string;
  /** Begins with a slash; empty: all paths. `*` stands for any characters, slashes too. */
  readonly path: string;
}

/** Characters of a destination. */
const MAX_LENGTH = 1024;
const LABEL = /^(?!-)[a-z0-9_*-]{1,63}(?<!-)$/;
const PATH = /^\/[A-Za-z0-9._~!$&'()+,;=:@%*/-]*$/;

/** Reads `HOST/PATH`. A string says what is wrong with it. */
export function readDestination(uri: string): DestinationPattern | string {
  if (uri.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`;
  if (uri.includes("://")) return "must not have a scheme: write example.com/path";
  if (/[?#]/.test(uri)) return "must not have a query or a fragment";
  const at = uri.indexOf("/");
  const host = (at < 0 ? uri : uri.slice(0, at)).toLowerCase();
  const path = at < 0 ? "" : uri.slice(at);
  if (host.includes(":")) return "must not have a port";
  const labels = host.split(".");
  if (host.length > 253 || labels.length < 2 || !labels.every((label) => LABEL.test(label)))
    return `has no hostname: "${host.slice(0, 100)}" is none`;
  if (labels.some(hasTwoWildcards)) return "has more than one * between two dots";
  if (path !== "" && !PATH.test(path)) return "has a path with a character that a path cannot have";
  if (path.split("/").some(hasTwoWildcards)) return "has more than one * between two slashes";
  return { host, path: path === "/" ? "" : path };
}

const hasTwoWildcards = (part: string): boolean => part.split("*").length > 2;
