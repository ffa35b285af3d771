import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

const actionlint = process.env.ACTIONLINT_BIN ?? "actionlint";
const folder = ".github/workflows";

let copies: string;
beforeAll(() => {
  copies = mkdtempSync(join(tmpdir(), "causeway-workflows-"));
});
afterAll(() => rmSync(copies, { recursive: true }));

const lint = (...files: readonly string[]) => spawnSync(actionlint, ["-no-color", ...files], { encoding: "utf8" });

test("H9: actionlint finds nothing in the workflows", () => {
  const files = readdirSync(folder).map((name) => join(folder, name));
  expect(files.length).toBeGreaterThan(0);
  expect(lint(...files)).toMatchObject({ stdout: "", status: 0 });
});

test("H9: actionlint names a mistake, so that the test above can fail", () => {
  const broken = join(copies, "broken.yml");
  writeFileSync(broken, readFileSync(join(folder, "ci.yml"), "utf8").replace("timeout-minutes", "timeout-minute"));
  expect(lint(broken)).toMatchObject({ stdout: expect.stringContaining('"timeout-minute"'), status: 1 });
});
