import { fromBytes, UNPRINTABLE } from "../../rules/index.ts";

/**
 * A byte string as one word of a shell, whatever is in it: of sh, bash, zsh, ksh and fish. Printable text is in single
 * quotes. Anything else is made by `printf`, since these quotes have no escapes. The bytes hold no NUL, and end with no
 * line feed.
 */
export function shellWord(bytes: string): string {
  const text = fromBytes(bytes);
  return text !== undefined && isPlain(text)
    ? `'${text.replaceAll("'", "'\\''")}'`
    : `"$(printf '${printfFormat(bytes, /[^A-Za-z0-9 ./_:;,=+@-]/g)}')"`;
}

/** Whether bytes are printable text that is the same in single quotes of every shell. */
export const isPrintable = (bytes: string): boolean => {
  const text = fromBytes(bytes);
  return text !== undefined && isPlain(text);
};

/**
 * Control characters act also inside quotes: a pasted Ctrl-C ends the line before it, and what follows is run. fish has
 * escapes in single quotes; interactive shells look for `!` behind a quote that is escaped.
 */
const isPlain = (text: string): boolean =>
  !UNPRINTABLE.test(text) && !text.includes("\\") && !(text.includes("'") && text.includes("!"));

/** A format in single quotes with which `printf` of any shell prints these bytes. */
export const printedBytes = (bytes: string): string => `printf '${printfFormat(bytes, /[^ "#-$&(-[\]-~]/g)}'`;

/** The format; bytes that match `escaped` are written by their octal numbers. */
function printfFormat(bytes: string, escaped: RegExp): string {
  const format = bytes.replace(escaped, (byte) => {
    if (byte === "%") return "%%";
    return byte === "\n" ? "\\n" : `\\${byte.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
  return format.replace(/^-/, "\\055");
}
