import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { makeDataDir } from "../../../backend/store/data-dir.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "causeway-data-"));
});
afterEach(() => rmSync(root, { recursive: true }));

test("makes the folder and its parents for this user alone, and keeps an existing one", () => {
  const folder = join(root, "deep", "data");
  makeDataDir(folder);
  writeFileSync(join(folder, "kept"), "");
  makeDataDir(folder);
  for (const path of [join(root, "deep"), folder]) expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "kept")).isFile()).toBe(true);
});

test.each([
  ["a file in its place", () => writeFileSync(join(root, "data"), "")],
  ["a link that leads nowhere", () => symlinkSync(join(root, "nowhere"), join(root, "data"))],
])("%s is one clear message", (_, arrange) => {
  arrange();
  expect(() => makeDataDir(join(root, "data"))).toThrow(/^cannot use the data folder .*data: .*set DATA_DIR/);
});

test("a folder below a file is one clear message", () => {
  mkdirSync(join(root, "a"));
  writeFileSync(join(root, "a", "file"), "");
  expect(() => makeDataDir(join(root, "a", "file", "data"))).toThrow(/^cannot use the data folder .*set DATA_DIR/);
});

test("O18: DATA_DIR=/proc/x is refused instead of spinning for ever", () => {
  // in a process of its own: a spinning one would hold up the test runner
  const module = new URL("../../../backend/store/data-dir.ts", import.meta.url).href;
  const program = `const { makeDataDir } = await import(${JSON.stringify(module)});
    try { makeDataDir("/proc/x/y"); } catch (error) { console.log(error.message); }`;
  const ran = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    timeout: 10_000,
    encoding: "utf8",
  });
  expect(ran.signal).toBeNull();
  expect(ran.stdout).toMatch(/^cannot use the data folder \/proc\/x\/y: .*set DATA_DIR/);
});
