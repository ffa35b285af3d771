/** Until the room `regex` lands: `matches` is refused with a clear message. */
export function compileRegex(
  _pattern: string,
): { ok: true; test: (input: string) => boolean } | { ok: false; message: string; at: number } {
  return { ok: false, message: "regular expressions are not available yet", at: 0 };
}
