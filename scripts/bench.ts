import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { argumentList, command, endRequestedBy, oneOf, runCommand, runProgram } from "./command-line/index.ts";

const FOLDER = fileURLToPath(new URL("../test/bench/", import.meta.url));
/** The files of the benchmarks by name; those of a feature are in a folder of its name. */
const FILES = new Map(
  readdirSync(FOLDER, { recursive: true, encoding: "utf8" }).flatMap((file) => {
    const name = /^(.+)\.bench\.ts$/.exec(basename(file))?.[1];
    return name === undefined ? [] : [[name, file] as const];
  }),
);
const NAMES = [...FILES.keys()].sort();

// Options after the names are for the benchmarks: `bench -- chat --clients 500` means
// `bench -- chat -- --clients 500`.
const firstOption = process.argv.findIndex((given) => given.startsWith("-"));
if (firstOption > 2) process.argv.splice(firstOption, process.argv[firstOption] === "--" ? 1 : 0, "--");

await runCommand(
  command({
    name: "bench",
    summary: "Measures against named peers, each benchmark in a process of its own.",
    details: "test/bench/README.md says what is measured, and what was measured where.",
    arguments: { name: argumentList(`which of ${NAMES.join(", ")} (all)`, oneOf(NAMES)) },
    passThrough: "options of the named benchmarks, such as --help or --format json; the -- may be left out",
    failure: "a benchmark failed or is below what is promised",
    examples: ["", "gateway chat", "chat --help", "chat --clients 500 --format json"],
    run: ({ args: { name }, passThrough }) => runBenchmarks(name.length > 0 ? name : NAMES, passThrough),
  }),
);

async function runBenchmarks(names: readonly string[], options: readonly string[]): Promise<0 | 1 | 2> {
  let worst: 0 | 1 | 2 = 0;
  for (const name of names) {
    // Code is compiled in the foreground, so that a busy machine does not measure the interpreter.
    const node = ["--no-concurrent-recompilation", `${FOLDER}${FILES.get(name)}`, ...options];
    const code = await runProgram(process.execPath, node);
    if (code !== 0 && worst < 2) worst = code === 2 ? 2 : 1;
    if (endRequestedBy() !== undefined) break;
  }
  return worst;
}
