/** A stack whose state is lost, as the README's "A lost state" has it, with a copy of the state and without one. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type OperatorStage, openOperatorStage, PERMISSIONS } from "./operator-stage.ts";

let stage: OperatorStage;
beforeAll(async () => {
  stage = await openOperatorStage();
  expect(await stage.npmRun("up", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
});
afterAll(() => stage?.close());

const up = () => stage.npmRun("up", "--yes", "--skip-preview");
const token = () => readFileSync(stage.tokenFile, "utf8");

/** Removes the state, as a lost disk does, and makes an empty stack of the same name and configuration. */
async function lose(): Promise<void> {
  rmSync(join(stage.workspace.dir, "state/.pulumi"), { recursive: true });
  expect(await stage.workspace.run("stack", "init", "dev")).toMatchObject({ code: 0 });
}

/** `up` ends well without creating or deleting anything, nothing differs then, and connectors keep their token. */
async function takesAllOver(): Promise<void> {
  const [before, calls] = [token(), stage.api.journal.length];
  const { code, text } = await up();
  if (code !== 0) throw new Error(text);
  expect(stage.writesSince(calls).filter((call) => /^(POST|DELETE)/.test(call))).toEqual([]);
  expect(token()).toBe(before);
  expect(await stage.npmRun("drift")).toMatchObject({ code: 0 });
}

test("without a copy, `up` takes into the state what has the stack's mark", async () => {
  await lose();
  await takesAllOver();
});

test("with a copy, nothing is written at all", async () => {
  const copy = join(stage.workspace.dir, "dev-state.json");
  expect(await stage.workspace.run("stack", "export", "--stack", "dev", "--file", copy)).toMatchObject({ code: 0 });
  await lose();
  expect(await stage.workspace.run("stack", "import", "--stack", "dev", "--file", copy)).toMatchObject({ code: 0 });
  const calls = stage.api.journal.length;
  await takesAllOver();
  expect(stage.writesSince(calls)).toEqual([]);
});

test("a replaced API token is the one that all commands use", async () => {
  await stage.setApiToken(stage.api.issueToken(PERMISSIONS));
  stage.api.revokeToken(stage.apiToken);
  expect(await stage.npmRun("drift")).toMatchObject({ code: 0 });
});
