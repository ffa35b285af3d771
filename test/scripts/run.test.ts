import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { backendFlags, missingFlags } from "../../scripts/programs/backend-flags.mjs";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-run-"));
  mkdirSync(join(folder, "scripts/programs"), { recursive: true });
  cpSync("scripts/run.mjs", join(folder, "scripts/run.mjs"));
  writeFileSync(
    join(folder, "scripts/tell.ts"),
    'console.log("told", process.argv.slice(2).join(" ")); process.exitCode = 7;\n',
  );
  // makes this Node.js report an old version
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

/** Makes a backend that prints how it was started, on a machine with one core. */
function backendOnOneCore(): void {
  const flags = readFileSync("scripts/programs/backend-flags.mjs", "utf8");
  const onOne = flags.replace("cores = os.availableParallelism()", "cores = 1");
  expect(onOne).not.toBe(flags);
  writeFileSync(join(folder, "scripts/programs/backend-flags.mjs"), onOne);
  const print = "process.stdout.write(JSON.stringify([process.pid, process.execArgv, process.argv.slice(2)]));";
  writeFileSync(join(folder, "scripts/backend.ts"), print);
}

test("N4: on one core the backend's garbage collector has no helper threads, in the same process", () => {
  backendOnOneCore();
  mkdirSync(join(folder, "node_modules"));
  const { pid, stdout, stderr } = run("backend", "a");
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual([pid, ["--single-threaded-gc"], ["a"]]);
  const own = spawnSync(process.execPath, ["--no-single-threaded-gc", join(folder, "scripts/run.mjs"), "backend"]);
  expect(JSON.parse(`${own.stdout}`)).toEqual([own.pid, ["--no-single-threaded-gc"], []]);
});

test("N4: a backend that a Node.js hands over to another one gets the flags as well", () => {
  backendOnOneCore();
  const bin = join(folder, `node_modules/node-${process.platform}-${process.arch}/bin`);
  mkdirSync(bin, { recursive: true });
  // this program is started with the flags already, not started again with them
  writeFileSync(join(bin, "node"), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  const script = join(folder, "scripts/run.mjs");
  const args = ["--import", pathToFileURL(join(folder, "old.mjs")).href, script, "backend", "a"];
  const { stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stdout).toBe(`--single-threaded-gc ${script} backend a\n`);
});

test("N4: with several cores the engine decides, and the user's own flags count", () => {
  expect(backendFlags(2)).toEqual([]);
  const flags = ["--single-threaded-gc", "--max-semi-space-size=32"];
  expect(missingFlags(flags, [])).toEqual(flags);
  expect(missingFlags(flags, ["--no-single-threaded-gc"], "--max_semi_space_size=8")).toEqual([]);
  expect(missingFlags(flags, ["--nosingle_threaded_gc"], "--enable-source-maps")).toEqual(flags.slice(1));
});
