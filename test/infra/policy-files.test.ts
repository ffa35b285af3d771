// I11-1, I11-2: a file that no index deploys, and a rule whose file is named otherwise, stop checks and deployment.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { FOLDERS, type PolicyList, policyFor, SURFACE } from "../../infra/policy/index.ts";
import type { PolicyRule, RuleFile } from "../../infra/policy/rule.ts";
import { readPolicy, readPolicyFiles } from "../../infra/policy-files.ts";
import { policyFindings } from "../../infra/preflight/policy.ts";
import { PLANS } from "../../infra/rules/index.ts";
import { site } from "./policy/site.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "causeway-policy-files-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const RULES = "infra/policy/custom-rules";
const rule = (ref: string): PolicyRule => ({
  ref,
  description: "Block France",
  when: 'ip.src.country eq "FR"',
  action: "block",
  examples: { match: [{ request: "GET /", given: { "ip.src.country": "FR" } }], pass: ["GET /"] },
});

/** The policy whose custom rules are these, in a project that has these files and an index in each folder. */
function policyOf(
  files: Readonly<Record<string, string>>,
  rules: readonly RuleFile[],
  lists: readonly PolicyList[] = [],
) {
  for (const [name, text] of Object.entries({ [`${RULES}/index.ts`]: "", ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  const folders = FOLDERS.filter(({ folder }) => folder === RULES).map((one) => ({ ...one, files: rules }));
  return policyFor(site, "free", SURFACE, folders, lists, readPolicyFiles(root));
}
const messages = (...given: Parameters<typeof policyOf>) =>
  policyOf(...given).diagnostics.map(({ code, file, message }) => ({ code, file, message }));

test("I11-1: every file of the shipped policy is deployed, on every plan", () => {
  expect(readPolicyFiles().map(({ file }) => file)).toContain("infra/policy/rate-limits/write-rate.ts");
  for (const plan of PLANS) {
    expect(readPolicy(site, plan).diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  }
});

test("I11-1: a rule's file that the index does not name is an error, and stops the deployment", () => {
  const files = { [`${RULES}/no-fr.ts`]: 'ref: "no_fr"', [`${RULES}/bad-asn.ts`]: 'ref: "bad_asn"' };
  const message = `${RULES}/bad-asn.ts is not in ${RULES}/index.ts: it is not deployed; add it or delete the file`;
  expect(messages(files, [rule("no_fr")])).toEqual([
    { code: "file-not-in-index", file: `${RULES}/bad-asn.ts`, message },
  ]);
  const { obstacles } = policyFindings(site, "free", policyOf(files, [rule("no_fr")]), { stories: [], unproved: true });
  expect(obstacles).toEqual([expect.objectContaining({ code: "policy.file-not-in-index" })]);
  expect(obstacles[0]?.found).toContain(message);
});

test("I11-1: so is a list's file, and a file in a folder of the folder; what an editor leaves behind is not", () => {
  const files = {
    [`${RULES}/.no-us.ts.swp`]: "",
    [`${RULES}/.#no-us.ts`]: "",
    [`${RULES}/more/no-us.ts`]: 'ref: "no_us"',
    "infra/policy/lists/index.ts": "",
    "infra/policy/lists/office.ts": 'name: "office"',
    "infra/policy/lists/home.ts": 'name: "home"',
  };
  const office: PolicyList = { name: "office", kind: "ip", description: "The office", items: [] };
  expect(messages(files, [], [office]).map(({ code, file }) => [code, file])).toEqual([
    ["file-not-in-index", `${RULES}/more/no-us.ts`],
    ["file-not-in-index", "infra/policy/lists/home.ts"],
  ]);
});

test("I11-1: a function that makes no rule on this plan counts as the rule of the file of its name", () => {
  const noFr = () => undefined;
  expect(messages({ [`${RULES}/not-fr.ts`]: "" }, [noFr]).map(({ code, file }) => [code, file])).toEqual([
    ["file-not-in-index", `${RULES}/not-fr.ts`],
    ["ref-differs", `${RULES}/index.ts`],
  ]);
  expect(messages({ [`${RULES}/no-fr.ts`]: 'ref: "no_fr"' }, [noFr])).toHaveLength(1);
});

test("I11-2: a ref that differs from the name of its file is reported with both", () => {
  const found = policyOf({ [`${RULES}/no-fr.ts`]: "ref: 'no_france'" }, [rule("no_france")]).diagnostics;
  expect(found).toEqual([
    expect.objectContaining({
      code: "ref-differs",
      severity: "error",
      file: `${RULES}/no-fr.ts`,
      message: `${RULES}/no-fr.ts has the ref no_france, which belongs to ${RULES}/no-france.ts`,
      hint: `rename the file to ${RULES}/no-france.ts, or, where it was never deployed, give it the ref no_fr`,
    }),
  ]);
});

test("I11-2: of two refs alike, both files are named", () => {
  const files = {
    [`${RULES}/scanner-paths.ts`]: 'ref: "scanner_paths"',
    [`${RULES}/no-fr.ts`]: 'ref: "scanner_paths"',
  };
  const [first] = policyOf(files, [rule("scanner_paths"), rule("scanner_paths")]).diagnostics;
  expect(first).toMatchObject({
    code: "ref-differs",
    file: `${RULES}/no-fr.ts`,
    message: `${RULES}/no-fr.ts has the ref scanner_paths, which belongs to ${RULES}/scanner-paths.ts`,
    hint: `${RULES}/scanner-paths.ts has this ref already: give ${RULES}/no-fr.ts its own, no_fr`,
  });
});

test("I11-2: a rule whose ref is in no file is reported with the file that it belongs to", () => {
  expect(messages({}, [rule("no_fr")])).toEqual([
    {
      code: "ref-differs",
      file: `${RULES}/index.ts`,
      message: `no_fr of ${RULES}/index.ts belongs to ${RULES}/no-fr.ts, which does not exist`,
    },
  ]);
});
