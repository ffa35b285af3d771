import { hasParameters, isParameter, segmentsOf } from "../../backend/surface.ts";
import {
  ALWAYS,
  and,
  contains,
  type ExpressionText,
  endsWith,
  not,
  oneOf,
  or,
  startsWith,
  strictWildcard,
} from "./expression.ts";

/** The path as the rules see it: normalized where the zone normalizes incoming URLs, which is Cloudflare's default. */
export const PATH = "http.request.uri.path";

/** The path as the client sent it. */
export const RAW_PATH = "raw.http.request.uri.path";

/**
 * A condition that holds for every one of the paths; a parameter (`:id`) matches one segment that is not empty. At
 * `depth` Infinity it holds for no other path; at a smaller depth, paths with more segments are taken by their first
 * `depth` segments, so that it holds for more. Depth 0: always.
 */
export function anyOfPaths(paths: readonly string[], depth = Number.POSITIVE_INFINITY): ExpressionText {
  const exact = new Set<string>();
  const patterns = new Set<string>();
  const prefixes = new Set<string>();
  for (const path of paths) {
    const prefix = certainPrefix(path, depth);
    if (prefix !== undefined) prefixes.add(prefix);
    else (hasParameters(path) ? patterns : exact).add(path);
  }
  if (prefixes.has("/")) return ALWAYS;
  const isCovered = (path: string) => [...prefixes].some((prefix) => path !== prefix && path.startsWith(prefix));
  const isLeft = (path: string) => !isCovered(path) && !prefixes.has(path);
  const remaining = [...exact].filter(isLeft);
  const byLength = Map.groupBy([...patterns].filter(isLeft), (path) => segmentsOf(path).length);
  return or(
    ...(remaining.length > 0 ? [oneOf(PATH, remaining)] : []),
    ...[...byLength].map(([length, alike]) => anyOfPatterns(alike, length)),
    ...[...prefixes].filter((prefix) => !isCovered(prefix)).map((prefix) => startsWith(PATH, prefix)),
  );
}

/**
 * Holds for paths of exactly `length` segments, none of them empty, that are like one of the patterns. A star matches
 * slashes too; where a path has as many slashes as the pattern, none is left for the star. Every plan has this
 * operator.
 */
function anyOfPatterns(patterns: readonly string[], length: number): ExpressionText {
  const like = patterns.map((path) => {
    const segments = segmentsOf(path).map((segment) =>
      isParameter(segment) ? "*" : segment.replace(/[*\\]/g, "\\$&"),
    );
    return strictWildcard(PATH, `/${segments.join("/")}`);
  });
  const longer = strictWildcard(PATH, "/*".repeat(length + 1));
  return and(or(...like), not(longer), not(contains(PATH, "//")), not(endsWith(PATH, "/")));
}

/** Number of segments of the longest path: from this depth on, nothing is cut. */
export const longestDepth = (paths: readonly string[]): number =>
  Math.max(0, ...paths.map((path) => segmentsOf(path).length));

/**
 * Whether URL normalization (https://developers.cloudflare.com/rules/normalization/) leaves the path alone: no escapes,
 * no dot segments, no repeated or backward slashes. Of any other path a rule cannot know how it will look.
 */
export function isPlain(path: string): boolean {
  const segments = segmentsOf(path);
  return segments.every(
    (segment, index) =>
      /^[\w~!$&'()*+,;=:@.-]*$/.test(segment) &&
      !/^\.\.?$/.test(segment) &&
      (segment !== "" || index === segments.length - 1),
  );
}

/** The prefix to compare instead of the path, ending with `/`; undefined where the path itself can be compared. */
function certainPrefix(path: string, depth: number): string | undefined {
  if (!isPlain(path) || depth === 0) return "/";
  const segments = segmentsOf(path);
  if (segments.length <= depth) return undefined;
  const parameter = segments.findIndex(isParameter);
  const fixed = segments.slice(0, parameter < 0 ? depth : Math.min(depth, parameter));
  return fixed.length === 0 ? "/" : `/${fixed.join("/")}/`;
}
