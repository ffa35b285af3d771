// A6: the program stops before anything is created where the policy is not proved, as `npm start` and `pulumi up` run
// it.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../../../infra/local/api/index.ts";
import { ApplyError, type ApplyOptions, applyProgram } from "../../../../../infra/local/engine/index.ts";

let copy: string;
let api: LocalApi;
let options: ApplyOptions;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "causeway-unproved-"));
  for (const part of ["backend", "infra", "package.json"]) cpSync(part, join(copy, part), { recursive: true });
  symlinkSync(resolve("node_modules"), join(copy, "node_modules"));
  const rules = join(copy, "infra/policy/custom-rules");
  writeFileSync(
    join(rules, "block-all.ts"),
    `export const blockAll = { ref: "block_all", description: "Block every request", when: "true", action: "block",
       examples: { match: ["GET /x"], pass: ["GET /"] } } as const;`,
  );
  const index = readFileSync(join(rules, "index.ts"), "utf8");
  writeFileSync(
    join(rules, "index.ts"),
    `import { blockAll } from "./block-all.ts";\n${index.replace("[scannerPaths,", "[blockAll, scannerPaths,")}`,
  );
});
afterAll(() => rmSync(copy, { recursive: true }));
beforeEach(async () => {
  api = await startApi();
  options = {
    project: "causeway",
    stack: "local",
    config: { "causeway:zone": api.zoneName, "causeway:hostnames": `chat.${api.zoneName}` },
    stateFile: join(mkdtempSync(join(copy, "state-")), "stack.json"),
    api: { url: api.url, token: api.token },
    program: pathToFileURL(join(copy, "infra/main.mjs")),
  };
});
afterEach(async () => {
  delete process.env.CAUSEWAY_UNPROVED;
  delete process.env.CAUSEWAY_PURPOSE;
  await api.close();
});

const writes = () => api.journal.filter(({ method }) => method !== "GET").length;

test.each([true, false])(
  "A6: a rule that blocks everything stops the run (preview: %s); nothing is created",
  async (preview) => {
    const error = await applyProgram({ ...options, preview }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof ApplyError)) throw new Error(`no ApplyError but ${error}`);
    expect(error.code).toBe("PREFLIGHT");
    expect(error.message).toContain("infra/policy/custom-rules/block-all.ts: rule block_all, /examples/pass/0 (GET /)");
    expect(error.message).toContain("infra/policy/stories/login-hammering.json: /steps/0");
    expect(error.message).toContain("CAUSEWAY_UNPROVED=yes");
    expect(writes()).toBe(0);
  },
);

test("A6: CAUSEWAY_UNPROVED=yes deploys it for one run, and outputs and warnings say so", async () => {
  process.env.CAUSEWAY_UNPROVED = "yes";
  const { outputs, warnings } = await applyProgram(options);
  const rules = api.cloud.zoneOf(api.zoneName)?.rulesets.flatMap((ruleset) => ruleset.rules.map(({ ref }) => ref));
  expect(rules).toContain("block_all");
  expect(outputs.unproved).toContainEqual(expect.stringContaining("block_all, /examples/pass/0"));
  expect(warnings).toContainEqual(expect.stringMatching(/^CAUSEWAY_UNPROVED=yes: this run deploys/));
  delete process.env.CAUSEWAY_UNPROVED;
  await expect(applyProgram(options)).rejects.toMatchObject({ code: "PREFLIGHT" });
});

test("A6: a policy that is proved has no output of failures, and Pulumi warns of no undefined output", async () => {
  const { outputs, warnings } = await applyProgram({ ...options, program: pathToFileURL(resolve("infra/main.mjs")) });
  expect(Object.keys(outputs).sort()).toEqual(["hostnames", "origin", "plan", "report", "role", "tunnelId"]);
  expect(warnings).toEqual([]);
});

test("a run that only refreshes is not stopped by the policy", async () => {
  process.env.CAUSEWAY_PURPOSE = "refresh";
  process.env.CAUSEWAY_UNPROVED = "nonsense";
  const { outputs, warnings } = await applyProgram({ ...options, preview: true });
  expect(outputs).not.toHaveProperty("unproved");
  expect(warnings).toEqual([]);
});

test.each([
  ["refresh", /CAUSEWAY_PURPOSE: got "refresh", expected no such variable in a run that deploys/],
  ["destroy", /CAUSEWAY_PURPOSE=destroy is in the environment of a run that does not destroy/],
])("F3: with the purpose %s, a run that would write ends before it does", async (purpose, message) => {
  process.env.CAUSEWAY_PURPOSE = purpose;
  await expect(applyProgram(options)).rejects.toThrow(message);
  expect(api.cloud.zoneOf(api.zoneName)).toMatchObject({ records: [], rulesets: [] });
  expect(api.journal.filter(({ method, status }) => method !== "GET" && status < 400)).toEqual([]);
});

test("F4: a rule with a member that cannot be deployed stops no run that only reads", async () => {
  process.env.CAUSEWAY_PURPOSE = "refresh";
  const file = join(copy, "infra/policy/custom-rules/block-all.ts");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, before.replace('action: "block",', 'action: "block", action_parameters: { bogus: 1 },'));
  try {
    expect(readFileSync(file, "utf8")).toContain("bogus");
    await applyProgram({ ...options, preview: true });
    delete process.env.CAUSEWAY_PURPOSE;
    await expect(applyProgram({ ...options, preview: true })).rejects.toThrow(/bogus/);
  } finally {
    writeFileSync(file, before);
  }
});
