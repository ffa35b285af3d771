import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openStore } from "../../backend/store/index.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-backup-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(command: "backup" | "restore", ...args: string[]) {
  const script = fileURLToPath(new URL(`../../scripts/${command}.ts`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--no-warnings", script, ...args], {
    cwd: folder,
    env: { ...process.env, DATA_DIR: "data", DATABASE_URL: undefined },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("a word that begins with a dash is no file: nothing is written and nothing replaced", async () => {
  await (await openStore({ dataDir: join(folder, "data") })).close();
  const before = readdirSync(join(folder, "data"));
  for (const command of ["backup", "restore"] as const) {
    for (const args of [["--help"], ["-h"], [], ["one", "two"]]) {
      const { status, stdout, stderr } = run(command, ...args);
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(`npm run ${command} -- FILE`);
    }
  }
  expect(readdirSync(folder)).toEqual(["data"]);
  expect(readdirSync(join(folder, "data"))).toEqual(before);
});

test("a backup is one file, and a restore of it leaves no other beside it", async () => {
  await (await openStore({ dataDir: join(folder, "data") })).close();
  expect(run("backup", "saved.db")).toMatchObject({ status: 0, stderr: "" });
  expect(readdirSync(folder).sort()).toEqual(["data", "saved.db"]);
  expect(run("restore", "saved.db")).toMatchObject({ status: 0, stderr: "" });
  expect(readdirSync(folder).sort()).toEqual(["data", "saved.db"]);
  expect(run("restore", "nothing.db")).toMatchObject({ status: 1, stderr: expect.stringContaining("nothing.db") });
});
