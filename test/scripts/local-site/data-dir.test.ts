import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { takeDataDir } from "../../../scripts/local-site/data-dir.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-data-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("makes the folder for its owner alone, locks it, and unlocks it", () => {
  const dataDir = join(folder, "deep", ".data");
  const release = takeDataDir(dataDir);
  expect(statSync(dataDir).mode & 0o777).toBe(0o700);
  expect(readFileSync(join(dataDir, "lock"), "utf8").trim()).toBe(String(process.pid));
  release();
  expect(existsSync(join(dataDir, "lock"))).toBe(false);
});

test("refuses a folder that a running process has locked, and names the process", () => {
  const holder = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60_000)"], { stdio: "ignore" });
  try {
    writeFileSync(join(folder, "lock"), `${holder.pid}\n`);
    expect(() => takeDataDir(folder)).toThrow(`in use by process ${holder.pid}`);
    expect(readFileSync(join(folder, "lock"), "utf8").trim()).toBe(String(holder.pid));
  } finally {
    holder.kill("SIGKILL");
  }
});

test.each(["999999999", "", "garbage", "-1", String(process.pid)])(
  "replaces the lock %j of a process that was killed",
  (left) => {
    writeFileSync(join(folder, "lock"), left);
    takeDataDir(folder)();
    expect(existsSync(join(folder, "lock"))).toBe(false);
  },
);

test("refuses a folder that this process has locked itself, until it is unlocked", () => {
  const release = takeDataDir(folder);
  expect(() => takeDataDir(folder)).toThrow(`in use by process ${process.pid}`);
  release();
  takeDataDir(folder)();
});

test("refuses a file in place of the folder", () => {
  writeFileSync(join(folder, "file"), "");
  expect(() => takeDataDir(join(folder, "file"))).toThrow("It must be a folder that this user may read and write");
  chmodSync(folder, 0o700);
});
