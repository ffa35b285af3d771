// `npm run coverage [jest argument ...]`: how much of the Rules language its tests run through; fails below what is promised.
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runJest } from "./run-jest.ts";

const ROOM = "infra/rules";
const PROMISED = { lines: 100, branches: 95 };

/** Whether a file has anything that runs. What is types from end to end leaves comments behind, and would count as never run. */
function runs(file: string): boolean {
  const code = stripTypeScriptTypes(readFileSync(file, "utf8"));
  return code.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").trim() !== "";
}

const folder = mkdtempSync(join(tmpdir(), "causeway-coverage-"));
try {
  process.exitCode = runJest([
    `test/${ROOM}`,
    "--coverage",
    // Jest's other provider rewrites the source, which takes the fuzzed tests five times as long.
    "--coverageProvider=v8",
    `--coverageDirectory=${folder}`,
    "--coverageReporters=text",
    `--coverageThreshold=${JSON.stringify({ global: PROMISED })}`,
    ...globSync(`${ROOM}/**/*.ts`)
      .filter(runs)
      .map((file) => `--collectCoverageFrom=${file}`),
    ...process.argv.slice(2),
  ]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
