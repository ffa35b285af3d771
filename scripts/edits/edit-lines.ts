import type { LineOptions } from "../../infra/local/console/index.ts";
import { printable } from "../../infra/local/console/index.ts";

/** What a line is about. */
export type What = "EDITED" | "POLICY" | "BACKEND" | "PAGE" | "TYPES";

/** Lines for the terminal: the first one with the time and what it is about, the others below it. */
export function editLines(
  what: What,
  [first = "", ...rest]: readonly string[],
  options: LineOptions,
  now = Date.now(),
) {
  const at = new Date(now).toTimeString().slice(0, 8);
  const word = options.color === true ? `\x1b[${CYAN}m${what}\x1b[0m` : what;
  return [
    `${at}  ${word}  ${printable(first, MAX_LENGTH)}`,
    ...rest.map((line) => `${INDENT}${printable(line, MAX_LENGTH)}`),
  ];
}

const CYAN = 36;
const INDENT = " ".repeat(10);
const MAX_LENGTH = 2_000;
