import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-run-"));
  mkdirSync(join(folder, "scripts"));
  cpSync("scripts/run.mjs", join(folder, "scripts/run.mjs"));
  writeFileSync(
    join(folder, "scripts/tell.ts"),
    'console.log("told", process.argv.slice(2).join(" ")); process.exitCode = 7;\n',
  );
  // this Node.js, as an old one would see itself
  writeFileSync(
    join(folder, "old.mjs"),
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });\n',
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

const old = () =>
  spawnSync(
    process.execPath,
    ["--import", pathToFileURL(join(folder, "old.mjs")).href, join(folder, "scripts/run.mjs"), "tell", "a", "b"],
    { encoding: "utf8" },
  );

test("a Node.js that is too old says what is missing", () => {
  const { status, stderr } = old();
  expect(status).toBe(1);
  expect(stderr).toContain("needs Node.js 24.19 or newer; this is 20.20.2");
});

test("it hands over to the one that the packages brought, with the arguments, and ends with its code", () => {
  const bin = join(folder, `node_modules/node-${process.platform}-${process.arch}/bin`);
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, "node"));
  expect(old()).toMatchObject({ status: 7, stdout: "told a b\n" });
});

const run = (...args: string[]) => {
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  return spawnSync(process.execPath, [join(folder, "scripts/run.mjs"), ...args], { encoding: "utf8", env });
};

test("a Node.js that is new enough runs the script itself, and keeps what it compiled", () => {
  mkdirSync(join(folder, "node_modules"));
  const { status, stdout } = run("tell", "c");
  expect({ status, stdout }).toEqual({ status: 7, stdout: "told c\n" });
  expect(readdirSync(join(folder, "node_modules/.cache/node"))).toHaveLength(1);
});

test("without packages, or with a command that does not exist, it says so", () => {
  expect(run("tell")).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("run `npm ci` first") });
  for (const name of ["tel", "../scripts/tell", ""]) {
    expect(run(name)).toMatchObject({ status: 2, stdout: "", stderr: expect.stringContaining(`no command "${name}"`) });
  }
});
