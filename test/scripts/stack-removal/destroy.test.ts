/**
 * How the protection of a stack is removed and restored, with a program in place of the CLI that records how it was
 * called.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openCli } from "../../../scripts/pulumi-cli/cli.ts";
import { destroy } from "../../../scripts/stack-removal/destroy.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-destroy-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A stack `dev` of this project or another one; the runs of the CLI that begin with `failing` fail. */
function openFakeCli(failing: string, project = "causeway") {
  const urn = `urn:pulumi:dev::${project}::pulumi:index:Stash::guard`;
  const state = { deployment: { resources: [{ urn, type: "pulumi:index:Stash", protect: true }] } };
  writeFileSync(join(folder, "state.json"), JSON.stringify(state));
  const lines = [
    "#!/bin/sh",
    `cd ${folder}`,
    'case "$*" in version*) echo v3.300.0; exit;; esac',
    'echo "$*" >> calls',
    `case "$*" in "${failing}"*) echo "no: $1" >&2; exit 1;; "stack export"*) cat state.json;; esac`,
  ];
  const program = join(folder, "pulumi");
  writeFileSync(program, `${lines.join("\n")}\n`, { mode: 0o755 });
  return { urn, cli: openCli("dev", { ...process.env, PULUMI_BIN: program }) };
}

const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
const isState = (call: string) => call.startsWith("state ");

test("O3: a stack whose protection could be removed only in part is protected again", async () => {
  const { urn, cli } = openFakeCli("state unprotect");
  const destroying = destroy(await cli, "dev", async () => "again");
  await expect(destroying).rejects.toThrow("The state cannot be changed: no: state");
  expect(calls().filter(isState)).toEqual([
    expect.stringContaining(`state unprotect ${urn}`),
    expect.stringContaining(`state protect ${urn}`),
  ]);
});

test("O5: the state of another project's stack is refused", async () => {
  const { urn, cli } = openFakeCli("nothing", "other");
  await expect((await cli).state()).rejects.toThrow(`has a resource of another stack or project: ${urn}`);
});
