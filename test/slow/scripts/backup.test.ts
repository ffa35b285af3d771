import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { backUp } from "../../../backend/store/backup.ts";
import { openStore } from "../../backend/store/open-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-backup-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run(command: "backup" | "restore" | "user" | "keys", ...args: string[]) {
  const script = fileURLToPath(new URL(`../../../scripts/${command}.ts`, import.meta.url));
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
    for (const args of [["-x"], ["--file"], [], ["one", "two"]]) {
      const { status, stdout, stderr } = run(command, ...args);
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(`See: npm run ${command} -- --help`);
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

test("O13: a backup that is interrupted leaves no file behind", async () => {
  await (await openStore({ dataDir: join(folder, "data") })).close();
  const file = join(folder, "saved.db");
  const interrupted = backUp(join(folder, "data"), file, AbortSignal.abort());
  expect(existsSync(file)).toBe(true);
  await expect(interrupted).rejects.toThrow("the backup was interrupted.");
  expect(readdirSync(folder)).toEqual(["data"]);
});

test.each([
  ["backup", ["saved.db"]],
  ["restore", ["saved.db"]],
  ["user", ["list"]],
  ["keys", ["rotate"]],
] as const)(
  "O18: %s refuses a DATA_DIR without a database, names the path, and makes nothing",
  async (command, args) => {
    writeFileSync(join(folder, "saved.db"), "");
    const before = readdirSync(folder);
    const { status, stdout, stderr } = run(command, ...args);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(`${command}: there is no database at ${join(folder, "data", "causeway.db")}`);
    expect(stderr).toContain("et DATA_DIR to the folder");
    expect(readdirSync(folder)).toEqual(before);
  },
);

test("O18: a restore into a folder without a database needs --new", async () => {
  await (await openStore({ dataDir: join(folder, "data") })).close();
  expect(run("backup", "saved.db").status).toBe(0);
  rmSync(join(folder, "data"), { recursive: true });
  expect(run("restore", "saved.db")).toMatchObject({ status: 1, stderr: expect.stringContaining("add --new") });
  expect(run("restore", "saved.db", "--new")).toMatchObject({ status: 0, stderr: "" });
  expect(readdirSync(join(folder, "data"))).toEqual(["causeway.db"]);
});

test("O18: --new does not replace a database, and what a backend saved in its folder needs no --new", async () => {
  const data = join(folder, "data");
  await (await openStore({ dataDir: data })).close();
  expect(run("backup", "saved.db").status).toBe(0);
  const { status, stderr } = run("restore", "saved.db", "--new");
  expect([status, stderr]).toEqual([1, expect.stringContaining("there is a database at")]);
  renameSync(join(data, "causeway.db"), join(data, "rescued-1.db"));
  expect(run("restore", join("data", "rescued-1.db"))).toMatchObject({ status: 0, stderr: "" });
});

test("O18: a backup into a folder that does not exist names the folder", async () => {
  await (await openStore({ dataDir: join(folder, "data") })).close();
  const { status, stderr } = run("backup", join("nowhere", "saved.db"));
  expect([status, stderr]).toEqual([1, expect.stringContaining(`there is no folder ${join(folder, "nowhere")};`)]);
});
