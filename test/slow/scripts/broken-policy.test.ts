// F4: a broken file of a rule stops what deploys, and nothing that takes a site down or looks at it.
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { copyProject } from "../../copy-project.ts";

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "causeway-broken-"));
  copyProject(copy, {});
  appendFileSync(join(copy, "infra/policy/custom-rules/plain-http.ts"), '\nthrow new Error("x");\n');
});
afterAll(() => rmSync(copy, { recursive: true }));

const run = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(copy, "scripts/run.mjs"), ...args], {
    cwd: copy,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
};

test.each(["down", "drift", "rotate", "up", "preview", "rehearse", "start"])("F4: %s shows its help", (name) => {
  const { status, stdout, stderr } = run(name, "--help");
  expect([status, stderr, stdout]).toEqual([0, "", expect.stringMatching(/^Usage: npm /)]);
});

test("F4: the commands about rules show their help, and name the broken file in one line", () => {
  expect(run("rules", "check", "--help")).toMatchObject({ status: 0, stderr: "" });
  const { status, stderr } = run("rules", "check");
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^rules: .*infra\/policy\/custom-rules\/plain-http\.ts.*x\n$/s),
  ]);
});
