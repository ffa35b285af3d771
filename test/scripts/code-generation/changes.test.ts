import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { writeChanges } from "../../../scripts/code-generation/changes.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "causeway-changes-"));
  mkdirSync(join(root, "backend"));
  writeFileSync(join(root, "backend/features.ts"), "before");
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (added: Readonly<Record<string, string>>, changed: Readonly<Record<string, string>> = {}) =>
  writeChanges(root, { added: new Map(Object.entries(added)), changed: new Map(Object.entries(changed)) });
const listFiles = () => readdirSync(root, { recursive: true }).sort();
const FILES_BEFORE = ["backend", "backend/features.ts"];

test("D4: files and folders are made, and files are changed", async () => {
  await write({ "backend/todos/index.ts": "index", "test/todos.ts": "test" }, { "backend/features.ts": "after" });
  expect(readFileSync(join(root, "backend/todos/index.ts"), "utf8")).toBe("index");
  expect(readFileSync(join(root, "backend/features.ts"), "utf8")).toBe("after");
  expect(listFiles()).toEqual(
    [...FILES_BEFORE, "backend/todos", "backend/todos/index.ts", "test", "test/todos.ts"].sort(),
  );
});

test("D4: a file that exists is not overwritten, and then nothing is done", async () => {
  await expect(write({ "backend/new.ts": "new", "backend/features.ts": "mine" })).rejects.toThrow(
    "these files exist already, and none is overwritten: backend/features.ts. Nothing was done.",
  );
  expect(listFiles()).toEqual(FILES_BEFORE);
  expect(readFileSync(join(root, "backend/features.ts"), "utf8")).toBe("before");
});

test("D4: after an error in the middle everything is as it was", async () => {
  const changed = { "backend/features.ts": "after", "backend/missing.ts": "after" };
  await expect(write({ "backend/todos/deep/index.ts": "index", "a.ts": "a" }, changed)).rejects.toThrow(
    "nothing was done: ENOENT",
  );
  expect(listFiles()).toEqual(FILES_BEFORE);
  expect(readFileSync(join(root, "backend/features.ts"), "utf8")).toBe("before");
  // there is a file where a folder is needed
  writeFileSync(join(root, "test"), "a file");
  await expect(write({ "b/b.ts": "b", "test/todos.ts": "test" })).rejects.toThrow("nothing was done: ");
  expect(existsSync(join(root, "b"))).toBe(false);
});
