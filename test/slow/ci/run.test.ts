// .ci/run in a folder without neighbours, with an npm that only records its arguments, and without tools.
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const { scripts }: { scripts: Readonly<Record<string, string>> } = JSON.parse(readFileSync("package.json", "utf8"));
/** Programs that every Linux has. No apt-get: nothing may be installed by a test. */
const PROGRAMS = ["bash", "sh", "env", "id", "dirname", "mktemp", "rm", "tail"];

/** Records its arguments, and writes a report of three passed and so many failed tests where the arguments name one. */
const npm = (failed: number) => `#!/bin/sh
echo "$*" >> "$CALLS"
for argument; do
  case $argument in
  --outputFile=*)
    echo '{"numPassedTests":3,"numFailedTests":${failed},"numRuntimeErrorTestSuites":0}' > "\${argument#*=}" ;;
  esac
done
case $* in "run test:real"*) exit ${failed} ;; esac
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-ci-"));
  mkdirSync(join(folder, "project/.ci"), { recursive: true });
  mkdirSync(join(folder, "bin"));
  copyFileSync(".ci/run", join(folder, "project/.ci/run"));
  const which = (name: string) => execFileSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" }).trim();
  for (const name of PROGRAMS) symlinkSync(which(name), join(folder, "bin", name));
  symlinkSync(process.execPath, join(folder, "bin/node"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function run(failed: number): { readonly code: number | null; readonly last: string | undefined; calls: string[] } {
  writeFileSync(join(folder, "bin/npm"), npm(failed));
  chmodSync(join(folder, "bin/npm"), 0o755);
  const env = { PATH: join(folder, "bin"), HOME: folder, CALLS: join(folder, "calls") };
  const { status, stdout } = spawnSync(join(folder, "project/.ci/run"), { env, encoding: "utf8" });
  const calls = readFileSync(env.CALLS, "utf8").trim().split("\n");
  return { code: status, last: stdout.trim().split("\n").at(-1), calls };
}

test("H9: .ci/run needs nothing outside its folder, and runs every kind of test once", () => {
  const { code, last, calls } = run(0);
  expect({ code, last }).toEqual({ code: 0, last: "9 passed, 0 failed" });
  expect(calls[0]).toMatch(/^ci /);
  const asked = calls.slice(1).map((call) => /^(?:run )?([\w:]+)/.exec(call)?.[1] ?? "");
  expect(asked).toEqual(["check", "test", "test:slow", "fuzz", "test:real"]);
  const kinds = Object.keys(scripts).filter((name) => name.startsWith("test"));
  expect(asked).toEqual(expect.arrayContaining(kinds));
});

test("H9: .ci/run fails when tests fail, and counts them", () => {
  expect(run(1)).toMatchObject({ code: 1, last: "9 passed, 3 failed" });
});
