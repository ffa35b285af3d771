import type { WriteStream } from "node:tty";

/**
 * Whether output may have colours: only in a terminal, and not where NO_COLOR is set and not empty
 * (https://no-color.org).
 */
export function hasColors(
  { isTTY }: Pick<WriteStream, "isTTY">,
  { NO_COLOR = "" }: NodeJS.ProcessEnv = process.env,
): boolean {
  return isTTY === true && NO_COLOR === "";
}
