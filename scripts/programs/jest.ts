import { createRequire } from "node:module";
import { relative, sep } from "node:path";
import { argumentList, type ExitCode, flag, option, runProgram, text, UsageError } from "../command-line/index.ts";

/** The arguments and options of the commands that run tests; Jest has options of the same names. */
export const TEST_ARGUMENTS = { path: argumentList("test files or folders, or parts of their paths (all tests)") };
export const TEST_OPTIONS = {
  testNamePattern: option(
    "-t, --testNamePattern <text>",
    "only tests whose name matches this regular expression",
    text,
  ),
  watch: flag("--watch", "runs again what a changed file touches, until it is ended"),
  verbose: flag("--verbose", "shows every test"),
  runInBand: flag("-i, --runInBand", "one file after the other"),
};
export const PASSED_TO_JEST = "go to Jest as they are";

type TestCommand = "test" | "test:slow" | "test:real";

/** Throws a UsageError that names the right command for a path whose tests another command runs. */
export function assertRunBy(command: TestCommand, paths: readonly string[]): void {
  for (const path of paths) {
    const [top, folder] = relative("", path).split(sep);
    if (top !== "test" || folder === undefined) continue;
    const right: TestCommand = folder === "slow" || folder === "real" ? `test:${folder}` : "test";
    if (right === command) continue;
    const call = right === "test" ? "npm test" : `npm run ${right}`;
    throw new UsageError(`${path} is run by another command: ${call} -- ${path}`);
  }
}

const CODE_CACHE = new URL("code-cache.ts", import.meta.url).href;

/** Runs Jest in a process of its own, with ES modules on: 0 when all tests pass, else 1. */
export async function runJest(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<ExitCode> {
  const jest = createRequire(import.meta.url).resolve("jest/bin/jest");
  // Jest loads modules anew for each test file, so they are garbage soon. A young generation of 64 MiB saves a tenth of
  // the CPU time.
  const flags = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=64"];
  // no code cache with coverage: V8 counts only in code that it has compiled after counting began
  if (!args.some((arg) => arg.startsWith("--coverage"))) flags.push(`--import=${CODE_CACHE}`);
  return (await runProgram(process.execPath, [...flags, jest, ...args], env)) === 0 ? 0 : 1;
}
