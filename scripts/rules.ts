// `npm run rules -- COMMAND ...`: the security admin's commands.
import { vectors } from "./rules/vectors.ts";

const [command, ...args] = process.argv.slice(2);
const commands: Readonly<Record<string, (args: readonly string[]) => number>> = { vectors };
const run = commands[command ?? ""];
if (run) process.exitCode = run(args);
else {
  console.error(`usage: npm run rules -- ${Object.keys(commands).join(" | ")}`);
  process.exitCode = 2;
}
