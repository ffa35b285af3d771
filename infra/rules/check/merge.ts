import type { Diagnostic } from "../diagnostic.ts";

/**
 * What the parser and the checker found, in the order of the text. The checker has the types, so that where both
 * complain about one place its word counts.
 */
export function mergeDiagnostics(parsed: readonly Diagnostic[], checked: readonly Diagnostic[]): readonly Diagnostic[] {
  const places = new Set(checked.map(({ span }) => span.start));
  const advice = new Map(parsed.flatMap(({ span, hint }) => (hint ? [[span.start, hint] as const] : [])));
  const all = [
    ...checked.map((diagnostic) => ({ ...diagnostic, ...hintAt(advice, diagnostic) })),
    ...parsed.filter(({ span }) => !places.has(span.start)),
  ];
  return all.sort((a, b) => a.span.start - b.span.start);
}

/** The parser has seen what is written there, so that its advice is the better one. */
function hintAt(advice: ReadonlyMap<number, string>, { span }: Diagnostic): { readonly hint?: string } {
  const hint = advice.get(span.start);
  return hint ? { hint } : {};
}
