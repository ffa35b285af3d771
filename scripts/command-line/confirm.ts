import { createInterface } from "node:readline/promises";

/** The message where a command cannot ask for confirmation. */
export const NOT_A_TERMINAL =
  "this is not a terminal, so the command cannot ask for your confirmation: run it in one, or with --yes. Nothing " +
  "was done.";

/**
 * Asks in the terminal until a line is typed. Returns why it is not confirmed; undefined where exactly `expected` was
 * typed. Ctrl-C, Ctrl-D and a missing terminal do not confirm.
 */
export async function refusalOf(question: string, expected: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return NOT_A_TERMINAL;
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const typed = await terminal.question(question);
    return typed.trim() === expected ? undefined : `"${expected}" was not typed; nothing was done.`;
  } catch (error) {
    // Ctrl-C or Ctrl-D
    if (!(error instanceof Error && error.name === "AbortError")) throw error;
    process.stdout.write("\n");
    return "not confirmed; nothing was done.";
  } finally {
    terminal.close();
  }
}
