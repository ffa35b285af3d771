/**
 * The path as rules see it: Cloudflare normalizes incoming URLs by default
 * (https://developers.cloudflare.com/rules/normalization/how-it-works/): RFC 3986 section 6.2.2, and backslashes as
 * slashes and slashes in a row as one.
 */
export function normalizePath(path: string): string {
  if (!/[%\\]|\/\/|\/\./.test(path)) return path;
  const slashed = path
    .replace(/%[0-9a-fA-F]{2}/g, decodeUnreserved)
    .replaceAll("\\", "/")
    .replace(/\/{2,}/g, "/");
  return removeDotSegments(slashed);
}

/** Letters, digits, `-`, `.`, `_` and `~` are decoded; other escapes get upper-case digits. */
function decodeUnreserved(triplet: string): string {
  const byte = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(byte) ? byte : triplet.toUpperCase();
}

/** RFC 3986 section 5.2.4, for a path that starts with a slash. */
function removeDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/");
  for (const [at, segment] of segments.entries()) {
    const last = at === segments.length - 1;
    if (segment === "." || segment === "..") {
      if (segment === ".." && kept.length > 1) kept.pop();
      if (last) kept.push("");
    } else kept.push(segment);
  }
  return kept.join("/") || "/";
}
