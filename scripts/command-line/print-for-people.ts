import { printable } from "../../infra/preflight/printable.ts";

/**
 * Prints lines for people. They contain texts of rules, requests and other programs, so characters that control a
 * terminal become `?`. A tab becomes a space, so that carets stay below what they point at.
 */
export function printForPeople(text: string, print: (text: string) => void = console.log): void {
  print(
    text
      .split("\n")
      .map((line) => printable(line.replaceAll("\t", " ")))
      .join("\n"),
  );
}
