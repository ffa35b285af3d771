// `npm run rules -- COMMAND ...`: the security admin's commands.
import { checkCommand } from "./rules/check.ts";
import { evalCommand } from "./rules/eval.ts";
import { explainCommand } from "./rules/explain.ts";
import { formatCommand } from "./rules/format.ts";
import { UsageError } from "./rules/options.ts";
import { testCommand } from "./rules/test.ts";
import { vectors } from "./rules/vectors.ts";

const COMMANDS: Readonly<Record<string, readonly [what: string, run: (args: readonly string[]) => number]>> = {
  check: ["what is wrong with the policy on a plan", checkCommand],
  explain: ["which rules see a request, and which part of each decides", explainCommand],
  eval: ["try an expression on a request", evalCommand],
  test: ["run the rules' examples and the stories", testCommand],
  format: ["print an expression in canonical form", formatCommand],
  vectors: ["run conformance files", vectors],
};

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, [what]]) => `  ${name.padEnd(8)} ${what}`);
  return `usage: npm run rules -- COMMAND ...\n${lines.join("\n")}`;
}

const [command = "", ...args] = process.argv.slice(2);
try {
  const known = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (!known) throw new UsageError(command === "" ? usage() : `there is no command "${command}"\n${usage()}`);
  process.exitCode = known[1](args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
