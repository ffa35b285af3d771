import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const root = resolve(import.meta.dirname, "../../..");
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "causeway-unused-"));
  copyFileSync(join(root, "knip.config.js"), join(folder, "knip.config.js"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What knip reports with the project's configuration about a project of these files. */
function findings(files: Readonly<Record<string, string>>, ...args: readonly string[]): string {
  for (const [name, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const knip = [join(root, "node_modules/knip/bin/knip.js"), "--no-config-hints", ...args];
  const { status, stdout } = spawnSync(process.execPath, knip, { cwd: folder, encoding: "utf8" });
  expect(status).toBe(stdout === "" ? 0 : 1);
  return stdout.replace(/ +/g, " ");
}

const COMMAND = { "scripts/greet.ts": 'import { greet } from "../backend/greeting.ts";\ngreet();\n' };
const GREETING = "export function greet(): void {}\n";
const SHOUT = "export function shout(): void {}\n";

test("H10: a file, an export, a type and a dependency without a user are refused", () => {
  expect(findings({ ...COMMAND, "backend/greeting.ts": GREETING })).toBe("");
  const found = findings({
    ...COMMAND,
    "backend/greeting.ts": `${GREETING}${SHOUT}export type Tone = "loud";\n`,
    "backend/forgotten.ts": GREETING,
    "package.json": '{ "type": "module", "dependencies": { "pg": "8.23.1" } }',
  });
  expect(found).toContain("backend/forgotten.ts");
  expect(found).toContain("shout function backend/greeting.ts:2:17");
  expect(found).toContain("Tone type backend/greeting.ts:3:13");
  expect(found).toContain("pg package.json");
});

test("H10: an export that only a test uses is refused, unless its own file or its folder's index.ts uses it", () => {
  const tests = {
    "test/backend/greeting.test.ts": 'import { shout } from "../../backend/greeting.ts";\nshout();\n',
  };
  const files = { ...COMMAND, ...tests, "backend/greeting.ts": `${GREETING}${SHOUT}` };
  expect(findings(files)).toBe("");
  expect(findings(files, "--production")).toContain("shout function backend/greeting.ts:2:17");
  const used = { ...files, "backend/greeting.ts": `export function greet(): void {\n  shout();\n}\n${SHOUT}` };
  expect(findings(used, "--production")).toBe("");
  const surface = { ...files, "backend/index.ts": 'export { shout } from "./greeting.ts";\n' };
  expect(findings(surface, "--production")).toBe("");
});
