/**
 * Byte strings: the language works on bytes, JavaScript on UTF-16. A byte string holds one byte per code unit
 * (latin-1), so that equality, order, length and search are those of the bytes.
 */

/** Text as the bytes of its UTF-8 form; a lone surrogate becomes U+FFFD, as everywhere on the web. */
export function toBytes(text: string): string {
  if (isAscii(text)) return text;
  let bytes = "";
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes += character;
    else if (code < 0x800) bytes += String.fromCharCode(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else if (code >= 0xd800 && code <= 0xdfff) bytes += "\xef\xbf\xbd";
    else if (code < 0x10000)
      bytes += String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    else
      bytes += String.fromCharCode(
        0xf0 | (code >> 18),
        0x80 | ((code >> 12) & 0x3f),
        0x80 | ((code >> 6) & 0x3f),
        0x80 | (code & 0x3f),
      );
  }
  return bytes;
}

/** A byte string as text, or undefined where the bytes are not UTF-8. */
export function fromBytes(bytes: string): string | undefined {
  if (isAscii(bytes)) return bytes;
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes.charCodeAt(at);
    const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    let code = length === 1 ? lead : lead & (0xff >> (length + 1));
    for (let next = at + 1; next < at + length; next += 1) code = (code << 6) | (bytes.charCodeAt(next) & 0x3f);
    if (code > 0x10ffff) return undefined;
    const character = String.fromCodePoint(code);
    // Comparing with the one right spelling refuses overlong forms, surrogates, stray and missing continuation bytes.
    if (toBytes(character) !== bytes.slice(at, at + length)) return undefined;
    text += character;
    at += length;
  }
  return text;
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
