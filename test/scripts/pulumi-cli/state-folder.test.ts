/** The files that a killed run of the CLI leaves in a backend that is a folder. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { folderOf, removeEmptyAttributes } from "../../../scripts/pulumi-cli/state-folder.ts";

let folder: string;
let before: string;

beforeEach(() => {
  before = process.cwd();
  folder = mkdtempSync(join(tmpdir(), "causeway-state-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: site\nruntime: nodejs\n");
  process.chdir(folder);
});

afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

const backendAt = (url: string) => ({
  readGlobal: async () => ({ code: 0, output: JSON.stringify({ user: "ada", url }), errors: "" }),
});

test("O2: an empty `.attrs` file is removed; states, other `.attrs` files and other projects stay", async () => {
  const stacks = join(folder, ".pulumi/stacks");
  for (const project of ["site", "other"]) {
    mkdirSync(join(stacks, project), { recursive: true });
    writeFileSync(join(stacks, project, "dev.json"), "{}");
    writeFileSync(join(stacks, project, "dev.json.attrs"), "");
    writeFileSync(join(stacks, project, "prod.json.attrs"), '{"user.content_type":"application/json"}');
  }
  const removed = await removeEmptyAttributes(backendAt(pathToFileURL(folder).href));
  expect(removed).toEqual([join(stacks, "site", "dev.json.attrs")]);
  expect(readdirSync(join(stacks, "site"))).toEqual(["dev.json", "prod.json.attrs"]);
  expect(readdirSync(join(stacks, "other"))).toHaveLength(3);
});

test("O2: a backend that is not a folder is not searched", async () => {
  expect(await removeEmptyAttributes(backendAt("https://app.pulumi.com/ada"))).toEqual([]);
});

test.each([
  ["file://~", () => join(userInfo().homedir, ".pulumi")], // as `pulumi login --local` prints it
  ["file://~/states", () => join(userInfo().homedir, "states/.pulumi")],
  ["file://./state", () => join(process.cwd(), "state/.pulumi")],
  ["file:///srv/a%20b", () => "/srv/a b/.pulumi"],
  ["s3://bucket", () => undefined],
])("the folder of the backend %s", (url, expected) => {
  expect(folderOf(url)).toBe(expected());
});
