import { printable } from "../../infra/preflight/for-commands.ts";

/**
 * Prints lines for people. Texts of rules and requests are in them: what a terminal would obey becomes `?`, and a tab a
 * space, so that carets stay below what they point at.
 */
export function say(text: string): void {
  console.log(
    text
      .split("\n")
      .map((line) => printable(line.replaceAll("\t", " ")))
      .join("\n"),
  );
}
