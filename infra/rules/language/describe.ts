/** Describes what is at an offset, for a message. */
export function describe(text: string, at: number): string {
  const next = text[at];
  if (next === undefined) return "the end of the expression";
  if (next === "\t") return "a tab";
  if (next === '"') return "a string";
  const word = /^[A-Za-z0-9_.]+/.exec(text.slice(at, at + 64))?.[0];
  return word ? `"${word}"` : `"${String.fromCodePoint(text.codePointAt(at) ?? 0)}"`;
}
