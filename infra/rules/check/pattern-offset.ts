import type { Text } from "../language/ast.ts";

/** The offset in the expression of a byte of a pattern, as near as escapes let it be told. */
export function patternOffset(text: string, open: number, node: Text, at: number): number {
  let byte = 0;
  let offset = open;
  let inClass = false;
  while (byte < at && offset < node.span.end) {
    const code = text.codePointAt(offset) ?? 0;
    const character = String.fromCodePoint(code);
    if (node.form === "pattern" && !inClass && character === "\\" && text[offset + 1] === '"') {
      offset += 2;
      byte += 1;
      continue;
    }
    if (character === "[") inClass = true;
    if (character === "]") inClass = false;
    offset += character.length;
    byte += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return offset;
}
