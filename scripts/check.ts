import { command, endRequestedBy, runCommand, runProgram } from "./command-line/index.ts";
import { runTool } from "./programs/project-tool.ts";
import { checkSources } from "./source-check/check-sources.ts";

const FOLDERS = [".github", "backend", "infra", "cloudflared", "scripts", "test"];

const CHECKS: readonly (readonly [what: string, run: () => Promise<number>])[] = [
  ["format and lint", () => runTool("biome", ["check", "--error-on-warnings"])],
  ["types", () => runTool("tsc", ["--noEmit"])],
  ["types of the page", () => runTool("tsc", ["--noEmit", "-p", "backend/page"])],
  ["types of the console's page", () => runTool("tsc", ["--noEmit", "-p", "infra/local/console/page"])],
  ["imports", () => runTool("depcruise", ["--config", ".dependency-cruiser.mjs", ...FOLDERS])],
  ["lines, words, long functions", checkSources],
  ["unused code", () => runTool("knip", [])],
  ["code that only tests use", () => runTool("knip", ["--production"])],
  ["policy", () => runProgram(process.execPath, ["scripts/rules.ts", "check"])],
];

await runCommand(
  command({
    name: "check",
    summary:
      "Checks everything that can be checked without running it: format, lint, types, imports, lines and words, " +
      "long functions, unused code, the policy.",
    failure: "a check failed",
    run: runChecks,
  }),
);

async function runChecks(): Promise<0 | 1> {
  let failed = 0;
  for (const [what, run] of CHECKS) {
    const passed = (await run()) === 0;
    if (endRequestedBy() !== undefined) return 1;
    if (passed) continue;
    failed += 1;
    console.error(`check: ${what} failed`);
  }
  console.log(`${CHECKS.length - failed} checks passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}
