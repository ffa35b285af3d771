// `npm run check`: everything static, each once: formatter and linter, types (server and page), arrows, the policy.
import { spawnSync } from "node:child_process";

const rooms = ["backend", "infra", "cloudflared", "scripts", "test"];
const checks: readonly (readonly [what: string, command: string, args: readonly string[]])[] = [
  ["format and lint", "biome", ["check", "--error-on-warnings"]],
  ["types", "tsc", ["--noEmit"]],
  ["types of the page", "tsc", ["--noEmit", "-p", "backend/web"]],
  ["arrows", "depcruise", ["--config", ".dependency-cruiser.mjs", ...rooms]],
  ["policy", process.execPath, ["scripts/rules.ts", "check"]],
];

let failed = 0;
for (const [what, command, args] of checks) {
  const { status, error } = spawnSync(command, args, { stdio: "inherit" });
  if (status === 0) continue;
  failed += 1;
  console.error(`check: ${what} failed${error ? `: ${error.message}` : ""}`);
}
console.log(`${checks.length - failed} checks passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
