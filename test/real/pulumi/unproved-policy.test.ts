/**
 * A6: a policy that is not proved is not deployed through the real CLI, and a stack that has it is refreshed and
 * deleted.
 */
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OperatorStage, openOperatorStage } from "./operator-stage.ts";

let stage: OperatorStage;
beforeAll(async () => {
  stage = await openOperatorStage();
  // a program of its own, with a rule that blocks every request
  const infra = join(stage.workspace.dir, "infra");
  rmSync(infra);
  cpSync("infra", infra, { recursive: true });
  const rules = join(infra, "policy/custom-rules");
  writeFileSync(
    join(rules, "block-all.ts"),
    `export const blockAll = { ref: "block_all", description: "Block every request", when: "true", action: "block",
       examples: { match: ["GET /x"], pass: ["GET /"] } } as const;`,
  );
  const index = readFileSync(join(rules, "index.ts"), "utf8").replace("[scannerPaths,", "[blockAll, scannerPaths,");
  writeFileSync(join(rules, "index.ts"), `import { blockAll } from "./block-all.ts";\n${index}`);
});
afterAll(() => stage?.close());

test("A6: neither preview nor up nor plain pulumi up creates anything; CAUSEWAY_UNPROVED=yes does, once, and says so last", async () => {
  const refused = "infra/policy/custom-rules/block-all.ts: rule block_all, /examples/pass/0 (GET /)";
  for (const run of [
    () => stage.npmRun("preview"),
    () => stage.npmRun("up", "--yes"),
    () => stage.workspace.run("up", "--yes", "--skip-preview", "--stack", "dev"),
    () => stage.workspace.run("preview", "--stack", "dev"),
  ]) {
    const { code, text } = await run();
    expect(text).toContain(refused);
    expect(code).not.toBe(0);
  }
  expect(stage.writesSince(0)).toEqual([]);

  const env = stage.env;
  stage.env = { ...env, CAUSEWAY_UNPROVED: "yes" };
  const deployed = await stage.npmRun("up", "--yes");
  stage.env = env;
  expect(deployed.code).toBe(0);
  const last = deployed.text.trim().split("\n").slice(-60);
  expect(last).toContain("CAUSEWAY_UNPROVED=yes: this run deploys what neither example nor story proves:");
  expect(last.some((line) => line.startsWith("infra/policy/custom-rules/block-all.ts: rule block_all"))).toBe(true);
  expect(deployed.text.indexOf("npm run drift")).toBeLessThan(deployed.text.lastIndexOf("CAUSEWAY_UNPROVED=yes"));

  // the next run needs the variable again, and a run that only reads or deletes is not stopped
  expect((await stage.npmRun("up", "--yes")).text).toContain(refused);
  expect((await stage.npmRun("drift")).code).toBe(0);
  expect((await stage.npmRun("down", "--yes")).code).toBe(0);
});
