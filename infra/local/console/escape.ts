/**
 * Characters that control a terminal: escape sequences, line breaks, marks that turn the direction of text. Clients can
 * send them, so C0, DEL and C1 controls, other invisible format characters and surrogates are written as escapes.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\\]/gu;

/** Text that is safe to print on one line, cut to `longest` characters. */
export function printable(text: string, longest = 200): string {
  const cut = text.length > longest ? text.slice(0, longest) : text;
  const shown = cut.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === "\\") return "\\\\";
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
  return text.length > longest ? `${shown}...` : shown;
}

/**
 * The same for a byte string, one byte per code unit: bytes beyond ASCII are no characters, and are written as `\xNN`.
 */
export function printableBytes(bytes: string, longest = 200): string {
  return printable(bytes, longest).replace(
    /[^\x20-\x7e]/g,
    (byte) => `\\x${(byte.codePointAt(0) ?? 0).toString(16).padStart(2, "0")}`,
  );
}
