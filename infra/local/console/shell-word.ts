import { fromBytes } from "../../rules/index.ts";

/**
 * Characters that control a terminal, also inside quotes: a pasted Ctrl-C ends the line before it, and what follows is
 * run. Invisible ones are among them.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/**
 * A byte string as one word of a POSIX shell, whatever is in it. Printable text is in single quotes. Anything else is
 * made by `printf`, since quotes of a POSIX shell have no escapes. The bytes hold no NUL, and end with no line feed.
 */
export function shellWord(bytes: string): string {
  const text = fromBytes(bytes);
  // interactive shells look for `!` behind a quote that is escaped
  const isPlain = text !== undefined && !UNSAFE.test(text) && !(text.includes("'") && text.includes("!"));
  return isPlain ? `'${text.replaceAll("'", "'\\''")}'` : `"$(printf '${printfFormat(bytes)}')"`;
}

/** Whether a shell can have these bytes as a word in single quotes. */
export const isPrintable = (bytes: string): boolean => {
  const text = fromBytes(bytes);
  return text !== undefined && !UNSAFE.test(text);
};

/** A format with which `printf` of any shell prints these bytes. It holds neither quotes nor what shells expand. */
export function printfFormat(bytes: string): string {
  const format = bytes.replace(/[^A-Za-z0-9 ./_:;,=+@-]/g, (byte) => {
    if (byte === "%") return "%%";
    return byte === "\n" ? "\\n" : `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
  return format.replace(/^-/, "\\055");
}
