/** The security admin's commands, by name. */
import { checkCommand } from "./check.ts";
import { evalCommand } from "./eval.ts";
import { explainCommand } from "./explain.ts";
import { formatCommand } from "./format.ts";
import { UsageError } from "./options.ts";
import { testCommand } from "./test.ts";
import { vectorsCommand } from "./vectors.ts";

const COMMANDS: Readonly<Record<string, readonly [what: string, run: (args: readonly string[]) => number]>> = {
  check: ["what is wrong with the policy on a plan", checkCommand],
  explain: ["which rules see a request, and which part of each decides", explainCommand],
  eval: ["try an expression on a request", evalCommand],
  test: ["run the rules' examples and the stories", testCommand],
  format: ["print an expression in canonical form", formatCommand],
  vectors: ["run conformance files", vectorsCommand],
};

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, [what]]) => `  ${name.padEnd(8)} ${what}`);
  return `usage: npm run rules -- COMMAND ...\n${lines.join("\n")}`;
}

/** Runs one command and answers the exit code: 0 clean, 1 findings, 2 wrong use. */
export function runRules([command = "", ...args]: readonly string[]): number {
  try {
    const known = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
    if (!known) throw new UsageError(command === "" ? usage() : `there is no command "${command}"\n${usage()}`);
    return known[1](args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}
