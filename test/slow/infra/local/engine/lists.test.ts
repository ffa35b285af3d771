/** Lists of the policy, applied by the engine of `npm start` and run by the edge. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../../../infra/local/api/index.ts";
import { Deployments } from "../../../../../infra/local/edge/deployments.ts";
import { applyProgram } from "../../../../../infra/local/engine/index.ts";
import { toBytes } from "../../../../../infra/rules/index.ts";
import { copyProject, listFile, policyWithList } from "../../../../copy-project.ts";

const dir = mkdtempSync(join(tmpdir(), "causeway-lists-"));
let api: LocalApi;
beforeAll(async () => {
  copyProject(dir, policyWithList());
  api = await startApi({ seed: { zones: [{ name: "example.com" }] } });
});
afterAll(async () => {
  await api.close();
  rmSync(dir, { recursive: true });
});

const apply = () =>
  applyProgram({
    project: "causeway",
    stack: "local",
    config: { "causeway:zone": "example.com", "causeway:hostnames": '["chat.example.com"]' },
    stateFile: join(dir, "stack.json"),
    api: { url: api.url, token: api.token },
    program: pathToFileURL(join(dir, "infra/main.mjs")),
  });
const writes = (from = 0) =>
  api.journal
    .slice(from)
    .filter(({ method, dryRun }) => method !== "GET" && !dryRun)
    .map(
      ({ method, path }) =>
        `${method} ${path
          .split("/")
          .slice(3)
          .join("/")
          .replaceAll(/[0-9a-f-]{32,36}/g, "ID")}`,
    );

const deployments = new Deployments((problem) => {
  throw new Error(problem.message);
});
/** Which rule decides about a request for /admin, as the edge would find out. */
function decided(ip: string): string | undefined {
  const zone = api.cloud.zoneOf("chat.example.com");
  if (zone === undefined) throw new Error("there is no zone");
  const request = { method: toBytes("GET"), host: toBytes("chat.example.com"), uri: toBytes("/admin"), ip, at: 0 };
  return deployments.engineOf(zone)?.handle({ ...request, version: "HTTP/2", scheme: "https", headers: [] }).by?.ref;
}

test("A3: the list is made with its items before the rulesets, and the edge asks it", async () => {
  const { steps } = await apply();
  expect(steps.map(({ op, name }) => `${op} ${name}`)).toContain("create list:office");
  const all = writes().filter((call) => call.includes("rule"));
  expect(all).toEqual(["POST rules/lists", "PUT rules/lists/ID/items", ...new Array(4).fill("POST rulesets")]);
  expect(decided("198.51.100.1")).toBe("admin_only");
  for (const ip of ["203.0.113.7", "2001:db8::1"]) expect(decided(ip)).toBe("not_in_surface");
});

test("A3: a second run only reads; a change of the file changes the list alone, and the edge re-reads it", async () => {
  let from = api.journal.length;
  expect(new Set((await apply()).steps.map(({ op }) => op))).toEqual(new Set(["same"]));
  expect([writes(from), api.journal.slice(from).some(({ dryRun }) => dryRun)]).toEqual([[], false]);
  expect(decided("192.0.2.1")).toBe("admin_only");
  writeFileSync(
    join(dir, "infra/policy/lists/office.ts"),
    listFile([{ value: "192.0.2.0/24" }, { value: "2001:db8::/48" }]),
  );
  from = api.journal.length;
  await apply();
  expect(writes(from)).toEqual(["PUT rules/lists/ID", "PUT rules/lists/ID/items"]);
  expect([decided("192.0.2.1"), decided("203.0.113.7")]).toEqual(["not_in_surface", "admin_only"]);
});

test("A3: a rule whose list has no such item any more is not deployed: its examples are tried first", async () => {
  writeFileSync(join(dir, "infra/policy/lists/office.ts"), listFile([{ value: "198.51.100.0/24" }]));
  await expect(apply()).rejects.toMatchObject({
    code: "PREFLIGHT",
    message: expect.stringMatching(/must match this request, but ip.src in \$office is true/),
  });
});

test("A3: a list that the policy does not have any more goes after the rules that asked it", async () => {
  const from = api.journal.length;
  writeFileSync(join(dir, "infra/policy/lists/index.ts"), "export const lists = [];\n");
  rmSync(join(dir, "infra/policy/lists/office.ts"));
  rmSync(join(dir, "infra/policy/custom-rules/admin-only.ts"));
  writeFileSync(
    join(dir, "infra/policy/custom-rules/index.ts"),
    'import { notInSurface } from "./not-in-surface.ts";\nimport { plainHttp } from "./plain-http.ts";\n' +
      'import { scannerPaths } from "./scanner-paths.ts";\nexport const customRules = [scannerPaths, plainHttp, notInSurface];\n',
  );
  await apply();
  expect(writes(from)).toEqual(["PUT rulesets/ID", "DELETE rules/lists/ID"]);
});
