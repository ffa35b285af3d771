import { readFileSync, statSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { parse } from "yaml";

const folder = ".github/workflows";

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

interface Job {
  readonly if?: string;
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly "timeout-minutes"?: number;
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency: { readonly group: string; readonly "cancel-in-progress": unknown };
  readonly defaults?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const FILES = ["ci.yml", "deploy.yml", "drift.yml", "preview.yml"] as const;
const textOf = (file: string) => readFileSync(`${folder}/${file}`, "utf8");
const workflow = (file: (typeof FILES)[number]) => parse(textOf(file)) as Workflow;
const stepsOf = (file: (typeof FILES)[number]) => Object.values(workflow(file).jobs).flatMap((job) => job.steps);
const usesSecrets = (job: Job) => JSON.stringify(job).includes("secrets.");

test("H9: the kit's own workflow runs .ci/run, with the Node.js of .nvmrc and without a secret", () => {
  expect(stepsOf("ci.yml").map(({ run }) => run)).toContain(".ci/run");
  expect(statSync(".ci/run").mode & 0o111).not.toBe(0);
  expect(textOf("ci.yml")).not.toMatch(/secrets\s*[.[]|inherit/);
  expect(workflow("ci.yml").concurrency.group).toContain("github.ref");
});

test.each(FILES)("H9: %s may read the repository and do no more; drift.yml opens issues", (file) => {
  const { permissions, on, jobs } = workflow(file);
  expect(permissions).toEqual({ contents: "read" });
  const more = Object.entries(jobs).filter(([, job]) => job.permissions !== undefined);
  expect(more.map(([name]) => name)).toEqual(file === "drift.yml" ? ["report"] : []);
  for (const [, job] of more) {
    expect(job.permissions).toEqual({ contents: "read", issues: "write" });
    // what can write has no secret of the stack and runs no code of packages
    expect(usesSecrets(job)).toBe(false);
    expect(job.steps.flatMap(({ run = [] }) => run)).toEqual(["node .github/drift-issue.ts"]);
  }
  // the events in which code of a fork would get the repository's own token and secrets
  expect(Object.keys(on).filter((event) => ["pull_request_target", "workflow_run"].includes(event))).toEqual([]);
});

test.each(FILES)("H9: in %s every action is pinned by commit, and no job leaves the repository's token", (file) => {
  const uses = textOf(file)
    .split("\n")
    .filter((line) => /^\s*(?:- )?uses:/.test(line));
  expect(uses.length).toBe(stepsOf(file).filter((step) => step.uses !== undefined).length);
  for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  const known = textOf("ci.yml");
  for (const line of uses) expect(known).toContain(line.trim());
  for (const { steps } of Object.values(workflow(file).jobs)) {
    const setups = Object.fromEntries(steps.map(({ uses = "", with: input }) => [uses.split("@")[0], input]));
    expect(setups["actions/checkout"]).toEqual({ "persist-credentials": false });
    expect(setups["actions/setup-node"]).toEqual({ "node-version-file": ".nvmrc", "package-manager-cache": false });
  }
});

test.each(FILES)("H9: a job of %s ends by itself", (file) => {
  for (const job of Object.values(workflow(file).jobs)) expect(job["timeout-minutes"]).toBeGreaterThan(0);
});

test.each(FILES)("H9: %s takes no text of a pull request into a shell", (file) => {
  for (const { run = "" } of stepsOf(file)) expect(run).not.toContain("${{");
});

test.each([
  ["preview.yml", "causeway-preview"],
  ["deploy.yml", "causeway-deploy"],
  ["drift.yml", "causeway-drift"],
] as const)("%s: secrets are those of %s alone, after a variable names the stack", (file, environment) => {
  const jobs = Object.values(workflow(file).jobs).filter(usesSecrets);
  expect(jobs.map((job) => job.environment)).toEqual([environment]);
  for (const { if: condition, steps } of jobs) {
    expect(condition).toMatch(/^vars\.CAUSEWAY_STACK != '' && /);
    // one step has them: not those that install packages
    expect(steps.filter(({ env }) => env !== undefined)).toHaveLength(1);
    const install = steps.findIndex(({ run }) => run?.startsWith("npm ci "));
    expect(steps[install]?.run).toContain("--ignore-scripts");
    expect(steps.findIndex(({ env }) => env !== undefined)).toBeGreaterThan(install);
    expect(steps.at(-1)).toEqual({ if: "always()", run: 'rm -rf "$RUNNER_TEMP/pulumi"' });
  }
});

test("a fork's pull request gets no preview, and what writes runs for main alone and is never cancelled", () => {
  const preview = workflow("preview.yml").jobs.preview?.if;
  expect(preview).toContain("github.event.pull_request.head.repo.full_name == github.repository");
  for (const file of ["deploy.yml", "drift.yml"] as const) {
    const { jobs, concurrency } = workflow(file);
    const [job] = Object.values(jobs);
    expect(job?.if).toContain("github.ref == 'refs/heads/main'");
    expect(concurrency["cancel-in-progress"]).toBe(false);
  }
});

test("a command that fails fails its job", () => {
  for (const file of ["preview.yml", "deploy.yml", "drift.yml"] as const)
    expect(workflow(file).defaults).toEqual({ run: { shell: "bash" } });
});
