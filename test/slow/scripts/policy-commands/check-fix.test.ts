// F10: `check --fix` says what the files hold afterwards, not what it meant to write.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { copyProject } from "../../../copy-project.ts";

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "causeway-fix-"));
  copyProject(copy, {
    "infra/policy/custom-rules/old-api.ts": `import type { PolicyRule } from "../rule.ts";
export const oldApi: PolicyRule = {
  ref: "old_api",
  description: "Block the old API",
  when: 'not not (http.request.method eq "get") and http.request.uri.path eq "/old"',
  action: "block",
  examples: { match: ["GET /old"], pass: ["GET /"] },
};
`,
    "infra/policy/custom-rules/index.ts": `import type { RuleFile } from "../rule.ts";
import { notInSurface } from "./not-in-surface.ts";
import { oldApi } from "./old-api.ts";
import { plainHttp } from "./plain-http.ts";
import { scannerPaths } from "./scanner-paths.ts";
export const customRules: readonly RuleFile[] = [oldApi, scannerPaths, plainHttp, notInSurface];
`,
  });
});
afterAll(() => rmSync(copy, { recursive: true }));

const fix = () => {
  const args = [join(copy, "scripts/rules.ts"), "check", "--fix"];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: copy, encoding: "utf8" });
  return { status, stdout };
};
const condition = () =>
  /when: '(.*)'/.exec(readFileSync(join(copy, "infra/policy/custom-rules/old-api.ts"), "utf8"))?.[1];

test("F10: a correction that overlaps another is reported as not made, and is made by the next run", () => {
  const first = fix();
  expect(first).toEqual({ status: 1, stdout: expect.stringMatching(/is changed:.*[1-9]\d* findings/s) });
  expect(condition()).toBe('(http.request.method eq "get") and http.request.uri.path eq "/old"');
  expect(fix().stdout).toContain("is changed:");
  expect(condition()).toMatch(/^\(?http\.request\.method eq "GET"\)? and http\.request\.uri\.path eq "\/old"$/);
  expect(fix().stdout).not.toContain("is changed:");
});
