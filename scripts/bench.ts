import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { argumentList, command, endRequestedBy, oneOf, runCommand, runProgram } from "./command-line/index.ts";

const FOLDER = fileURLToPath(new URL("../test/bench/", import.meta.url));
const NAMES = readdirSync(FOLDER).flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? []);

await runCommand(
  command({
    name: "bench",
    summary: "Measures against named peers, each benchmark in a process of its own.",
    details: "test/bench/README.md says what is measured, and what was measured where.",
    arguments: { name: argumentList(`which of ${NAMES.join(", ")} (all)`, oneOf(NAMES)) },
    failure: "a benchmark failed or is below what is promised",
    examples: ["", "gateway chat"],
    run: ({ args: { name } }) => runBenchmarks(name.length > 0 ? name : NAMES),
  }),
);

async function runBenchmarks(names: readonly string[]): Promise<0 | 1> {
  let allPassed = true;
  for (const name of names) {
    // Code is compiled in the foreground, so that a busy machine does not measure the interpreter.
    const code = await runProgram(process.execPath, ["--no-concurrent-recompilation", `${FOLDER}${name}.bench.ts`]);
    allPassed &&= code === 0;
    if (endRequestedBy() !== undefined) break;
  }
  return allPassed ? 0 : 1;
}
