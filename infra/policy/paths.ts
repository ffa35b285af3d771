import { ALWAYS, type ExpressionText, oneOf, or, startsWith } from "./expression.ts";

/** The path as the rules see it: normalized where the zone normalizes incoming URLs, which is Cloudflare's default. */
export const PATH = "http.request.uri.path";

/**
 * A condition that holds for every one of the paths. At `depth` Infinity it holds for no other path; at a smaller depth, paths
 * with more segments are taken by their first `depth` segments, so that it holds for more. Depth 0: always.
 */
export function anyOfPaths(paths: readonly string[], depth = Number.POSITIVE_INFINITY): ExpressionText {
  const exact = new Set<string>();
  const prefixes = new Set<string>();
  for (const path of paths) {
    const prefix = certainPrefix(path, depth);
    if (prefix === undefined) exact.add(path);
    else prefixes.add(prefix);
  }
  if (prefixes.has("/")) return ALWAYS;
  // All prefixes have the same depth, so none of them covers another.
  const remaining = [...exact].filter((path) => ![...prefixes].some((prefix) => path.startsWith(prefix)));
  return or(
    ...(remaining.length > 0 ? [oneOf(PATH, remaining)] : []),
    ...[...prefixes].map((prefix) => startsWith(PATH, prefix)),
  );
}

/** Number of segments of the longest path: from this depth on, nothing is cut. */
export const longestDepth = (paths: readonly string[]): number =>
  Math.max(0, ...paths.map((path) => path.split("/").length - 1));

/**
 * Whether URL normalization (https://developers.cloudflare.com/rules/normalization/) leaves the path alone: no escapes, no dot
 * segments, no repeated or backward slashes. Of any other path a rule cannot know how it will look.
 */
export function isPlain(path: string): boolean {
  const segments = path.split("/").slice(1);
  return segments.every(
    (segment, index) =>
      /^[\w~!$&'()*+,;=:@.-]*$/.test(segment) &&
      !/^\.\.?$/.test(segment) &&
      (segment !== "" || index === segments.length - 1),
  );
}

/** The prefix that stands for the path, ending with `/`; undefined where the path itself can. */
function certainPrefix(path: string, depth: number): string | undefined {
  if (!isPlain(path) || depth === 0) return "/";
  const segments = path.split("/").slice(1);
  return segments.length <= depth ? undefined : `/${segments.slice(0, depth).join("/")}/`;
}
