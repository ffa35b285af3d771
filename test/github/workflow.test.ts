import { readFileSync, statSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";

const text = readFileSync(".github/workflows/ci.yml", "utf8");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency: { readonly group: string };
  readonly jobs: Readonly<Record<string, { readonly "timeout-minutes"?: number; readonly steps: readonly Step[] }>>;
}

const workflow = parse(text) as Workflow;
const jobs = Object.values(workflow.jobs);
const steps = jobs.flatMap((job) => job.steps);

test("H9: the workflow runs .ci/run, with the Node.js of .nvmrc", () => {
  expect(steps.map(({ run }) => run)).toContain(".ci/run");
  expect(statSync(".ci/run").mode & 0o111).not.toBe(0);
  const node = steps.find(({ uses }) => uses?.startsWith("actions/setup-node@"));
  expect(node?.with).toMatchObject({ "node-version-file": ".nvmrc" });
});

test("H9: the workflow may read the repository and do no more", () => {
  expect(workflow.permissions).toEqual({ contents: "read" });
  for (const job of jobs) expect(job).not.toHaveProperty("permissions");
  expect(text).not.toMatch(/secrets\s*[.[]|inherit/);
  // the event in which code of a fork would get the repository's own token
  expect(workflow.on).not.toHaveProperty("pull_request_target");
  const checkout = steps.find(({ uses }) => uses?.startsWith("actions/checkout@"));
  expect(checkout?.with).toMatchObject({ "persist-credentials": false });
});

test("H9: every action is pinned by commit and says its version", () => {
  const uses = text.split("\n").filter((line) => /^\s*(?:- )?uses:/.test(line));
  expect(uses.length).toBe(steps.filter((step) => step.uses !== undefined).length);
  for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test("H9: a job ends by itself, and one run of a branch replaces another", () => {
  for (const job of jobs) expect(job["timeout-minutes"]).toBeGreaterThan(0);
  expect(workflow.concurrency.group).toContain("github.ref");
});

test("H9: a workflow takes no text of a pull request into a shell", () => {
  for (const { run = "" } of steps) expect(run).not.toContain("${{");
});
