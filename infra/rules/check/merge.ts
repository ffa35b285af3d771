import type { Diagnostic } from "../diagnostic.ts";

/**
 * What the parser and the checker found, in the order of the text. The checker knows types, so that where both complain about one
 * place its word counts.
 */
export function mergeDiagnostics(parsed: readonly Diagnostic[], checked: readonly Diagnostic[]): readonly Diagnostic[] {
  const places = new Set(checked.map(({ span }) => span.start));
  const all = [...checked, ...parsed.filter(({ span }) => !places.has(span.start))];
  return all.sort((a, b) => position(a) - position(b));
}

function position(diagnostic: Diagnostic): number {
  return diagnostic.engine?.at ?? diagnostic.span.start;
}
