import { expect, test } from "@jest/globals";
import { parentsToWatch } from "../../../scripts/command-line/parents.ts";
import { parentOf } from "../../../scripts/command-line/processes.ts";

// The parent of this process acts as the shell or npm.
const PARENT = process.ppid;
const SCRIPT = "node scripts/run.mjs backend";

test("O13: a command that neither npm nor the launcher started watches no parent: it may run in the background", () => {
  expect(parentsToWatch("backend", PARENT, {})).toEqual([]);
});

test("O13: a command that a script of the user's puts into the background watches no parent", () => {
  expect(parentsToWatch("backend", PARENT, { npm_lifecycle_script: `nohup ${SCRIPT} &` })).toEqual([]);
});

test("O13: a command that another npm script started watches no parent", () => {
  expect(parentsToWatch("backend", PARENT, { npm_lifecycle_script: "node scripts/run.mjs test" })).toEqual([]);
});

test("O13: a command that npm started without a shell of its own watches npm", () => {
  expect(parentsToWatch("backend", PARENT, { npm_lifecycle_script: SCRIPT })).toEqual([PARENT]);
});

test("O13: the launcher is watched, and the parent of the launcher where npm started it", () => {
  const env = { CAUSEWAY_LAUNCHER_PID: String(PARENT) };
  expect(parentsToWatch("backend", PARENT, env)).toEqual([PARENT]);
  expect(parentsToWatch("backend", PARENT, { ...env, npm_lifecycle_script: SCRIPT })).toEqual([
    PARENT,
    parentOf(PARENT),
  ]);
});
