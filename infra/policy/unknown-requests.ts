import { MAX_EXPRESSION_LENGTH } from "../rules/index.ts";
import { and, type ExpressionText, not, oneOf, or } from "./expression.ts";
import { anyOfPaths, isPlain, longestDepth } from "./paths.ts";
import { allPaths, methodGroups, type Surface } from "./surface.ts";

/** Field with the method as received; methods are case-sensitive (RFC 9110, 9.1). */
export const METHOD = "http.request.method";

export interface UnknownRequests {
  /** True for requests that the surface does not have; never for one that it has. */
  readonly when: ExpressionText;
  /** Whether it is true for all of them. Otherwise the gateway responds to the rest with 404. */
  readonly isExact: boolean;
}

/**
 * Negates the surface, method by method. Where that exceeds `maxLength` characters, paths are cut to fewer and fewer
 * segments until it fits: the rule then blocks less, never more.
 */
export function unknownRequests(surface: Surface, maxLength: number = MAX_EXPRESSION_LENGTH): UnknownRequests {
  const groups = methodGroups(surface);
  const deepest = longestDepth(allPaths(surface));
  for (let depth = deepest; ; depth -= 1) {
    const known = groups.map(({ methods, paths }) => and(oneOf(METHOD, methods), anyOfPaths(paths, depth)));
    const when = not(or(...known));
    if (when.length <= maxLength || depth === 0)
      return { when, isExact: depth === deepest && allPaths(surface).every(isPlain) };
  }
}
