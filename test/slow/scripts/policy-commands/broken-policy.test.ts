// I11: what `rules check` and `rules test` say of a policy's files that their author got wrong, in a copy of the
// project.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";

const LISTS = "infra/policy/lists/index.ts";
const RULES = "infra/policy/custom-rules";
let copy: string;
let index: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "causeway-broken-policy-"));
  for (const part of ["backend", "infra", "scripts", "package.json"]) {
    cpSync(part, join(copy, part), { recursive: true });
  }
  symlinkSync(resolve("node_modules"), join(copy, "node_modules"));
  index = readFileSync(join(copy, RULES, "index.ts"), "utf8");
});
beforeEach(() => {
  rmSync(join(copy, RULES, "no-fr.ts"), { force: true });
  writeFileSync(join(copy, RULES, "index.ts"), index);
});
afterAll(() => rmSync(copy, { recursive: true }));

const write = (file: string, text: string) => writeFileSync(join(copy, file), text);
/** Adds the rule to the index, imported by this line. */
const addToIndex = (line = 'import { noFr } from "./no-fr.ts";') =>
  write(`${RULES}/index.ts`, `${line}\n${index.replace("notInSurface]", "notInSurface, noFr]")}`);
const rule = (more: string) => `import type { PolicyRule } from "../rule.ts";
export const noFr: PolicyRule = {
  ref: "no_fr",
  description: "Block France",
  ${more}
  examples: { match: [{ request: "GET /", given: { "ip.src.country": "FR" } }], pass: ["GET /"] },
};
`;
const GOOD = 'when: \'ip.src.country eq "FR"\', action: "block",';

function rules(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/run.mjs", "rules", ...args], {
    cwd: copy,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

test("I11-1: a rule that is not in the index fails check and test", () => {
  write(`${RULES}/no-fr.ts`, rule(GOOD));
  for (const command of ["check", "test"]) {
    const { status, stdout } = rules(command);
    expect(status).toBe(1);
    expect(stdout).toContain(`${RULES}/no-fr.ts is not in ${RULES}/index.ts: it is not deployed`);
  }
});

test.each([
  ["a comma is missing", rule(GOOD.replace(/,$/, "")), undefined, `${RULES}/no-fr.ts:`],
  ["an export is missing", "export const noFrance = 1;", undefined, `${RULES}/index.ts:`],
  ["a file is missing", rule(GOOD), 'import { noFr } from "./no-france.ts";', `${RULES}/no-france.ts`],
  ["something is used that is not there", `${rule(GOOD)}noSuch();`, undefined, `${RULES}/no-fr.ts:`],
])("I11-4: where %s, the file is named and there is no stack", (_, text, line, named) => {
  write(`${RULES}/no-fr.ts`, text);
  addToIndex(line);
  for (const command of ["check", "test"]) {
    const { status, stdout, stderr } = rules(command);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(/^rules: /);
    expect(stderr).toContain(named);
    expect(stderr).not.toMatch(/^\s+at |node:internal|should not have happened/m);
    expect(stderr).not.toContain(copy);
  }
});

test("I11-5: hints alone end with 0, also in the other formats; a warning ends with 1", () => {
  write(`${RULES}/no-fr.ts`, rule(`${GOOD} enabled: false,`));
  addToIndex();
  const hinted = rules("check");
  expect(hinted.stdout).toContain("[disabled-rule]");
  expect(hinted.status).toBe(0);
  expect(rules("check", "--format", "json").status).toBe(0);
  write(`${RULES}/no-fr.ts`, rule('when: \'http.request.method eq "get"\', action: "block",'));
  expect(rules("check").status).toBe(1);
});

test("I11-8: a refused action is reported once, and no story fails because of it", () => {
  write(`${RULES}/no-fr.ts`, rule('when: \'ip.src.country eq "FR"\', action: "blok" as "block",'));
  addToIndex();
  const { status, stdout } = rules("test");
  expect(status).toBe(1);
  expect(stdout).toContain(`FAILED ${RULES}/no-fr.ts: rule no_fr, /action: `);
  expect(stdout).toContain(": 1 failed");
  expect(stdout).not.toContain("stories/");
});

test("I11-7: of a list that is not there, test says what the validator says", () => {
  write(`${RULES}/no-fr.ts`, rule('when: "ip.src in $office", action: "block",'));
  addToIndex();
  const { status, stdout } = rules("test");
  expect(status).toBe(1);
  expect(stdout).toContain(`FAILED ${RULES}/no-fr.ts: rule no_fr, /when: there is no list $office [unknown-list]`);
  expect(stdout).toContain("write the list in a file of its own, and add it to lists/index.ts");
  expect(stdout).not.toContain("given");
  expect(stdout).toContain(": 1 failed");
});

test("I11-7: nor does it say more of a list that is broken", () => {
  write(`${RULES}/no-fr.ts`, rule('when: "ip.src in $office", action: "block",'));
  addToIndex();
  const before = readFileSync(join(copy, LISTS), "utf8");
  write(
    "infra/policy/lists/office.ts",
    'export const office = { name: "office", kind: "ip", description: "Office", items: [{ value: "office" }] } as const;',
  );
  write(LISTS, `import { office } from "./office.ts";\n${before.replace("= []", "= [office]")}`);
  try {
    const { stdout } = rules("test");
    expect(stdout).toContain("FAILED infra/policy/lists/office.ts: $office: item 1: ");
    expect(stdout).toContain(": 1 failed");
  } finally {
    write(LISTS, before);
    rmSync(join(copy, "infra/policy/lists/office.ts"));
  }
});

test("I11-7: a list without its dollar sign is reported, with the sign in the correction", () => {
  write(`${RULES}/no-fr.ts`, rule('when: "ip.src in office and ssl", action: "block",'));
  addToIndex();
  expect(rules("test").stdout).toContain("a list is named with a dollar sign: $office");
});
