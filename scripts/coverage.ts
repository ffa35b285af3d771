import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { command, type ExitCode, runCommand } from "./command-line/index.ts";
import { PASSED_TO_JEST, runJest } from "./programs/jest.ts";

const FOLDER = "infra/rules";
const PROMISED_PERCENT = { lines: 100, branches: 95 };

await runCommand(
  command({
    name: "coverage",
    summary:
      `Measures how much of ${FOLDER} its tests run through: ${PROMISED_PERCENT.lines} % of the lines and ` +
      `${PROMISED_PERCENT.branches} % of the branches are promised.`,
    passThrough: PASSED_TO_JEST,
    failure: "a test failed, or less is covered than promised",
    run: ({ passThrough }) => measure(passThrough),
  }),
);

async function measure(passThrough: readonly string[]): Promise<ExitCode> {
  const folder = mkdtempSync(join(tmpdir(), "causeway-coverage-"));
  try {
    return await runJest([
      `test/(slow/)?${FOLDER}`,
      "--testPathIgnorePatterns=/node_modules/",
      "--coverage",
      // Jest's other provider rewrites the source, which takes the fuzzed tests five times as long.
      "--coverageProvider=v8",
      `--coverageDirectory=${folder}`,
      "--coverageReporters=text",
      `--coverageThreshold=${JSON.stringify({ global: PROMISED_PERCENT })}`,
      ...globSync(`${FOLDER}/**/*.ts`)
        .filter(hasCode)
        .map((file) => `--collectCoverageFrom=${file}`),
      ...passThrough,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether a file has code that runs. A file of types alone leaves comments behind, and would count as never run. */
function hasCode(file: string): boolean {
  const code = stripTypeScriptTypes(readFileSync(file, "utf8"));
  return code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").trim() !== "";
}
