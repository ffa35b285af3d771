/**
 * Whose a record or a ruleset is, through the real CLI as an operator may run it: without our commands, and with an
 * advice of old in the configuration.
 */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { config, openProject, type Project } from "./project.ts";

let project: Project;
let cloudflare: Cloudflare;

beforeAll(async () => {
  project = await openProject({ dev: config });
  const { token, url } = project.api;
  cloudflare = new Cloudflare({ apiToken: token, baseURL: url, logLevel: "off" });
});
afterAll(() => project?.close());

/** Runs the CLI, which must end with 0, and gives the calls that changed something, ids left out. */
async function writesOf(...args: string[]): Promise<string[]> {
  const from = project.api.journal.length;
  const { code, text } = await project.workspace.run(...args);
  if (code !== 0) throw new Error(text);
  return project.api.journal
    .slice(from)
    .filter(({ method, dryRun }) => method !== "GET" && !dryRun)
    .map(({ method, path }) => `${method} ${path.split("/")[3]}`)
    .sort();
}

const comment = "edited in the dashboard";
const zone = () => {
  const found = project.api.cloud.zoneOf("chat.example.com");
  const [record] = found?.records ?? [];
  const ruleset = found?.rulesets.find(({ phase }) => phase === "http_request_firewall_custom");
  if (record === undefined || ruleset === undefined) throw new Error("the record or the ruleset is gone");
  return { record, ruleset };
};

async function edit(): Promise<void> {
  const zone_id = project.api.zoneId;
  const { record, ruleset } = zone();
  await cloudflare.dns.records.edit(record.id, { zone_id, type: "CNAME", name: record.name, ttl: 1, comment });
  const { phase, kind, name, rules } = ruleset;
  await cloudflare.put(`/zones/${zone_id}/rulesets/${ruleset.id}`, {
    body: { phase, kind, name, rules, description: comment },
  });
}

const REPAIRED = ["PUT dns_records", "PUT rulesets"];

test("P0: plain `pulumi up` repairs an edited comment and description, and never offers the stack's own for adoption", async () => {
  await writesOf("up", "--yes", "--skip-preview");
  const { record } = zone();
  await edit();
  // without a refresh Pulumi does not see what was edited; that is no obstacle either
  expect(await writesOf("up", "--yes", "--skip-preview")).toEqual([]);
  expect(await writesOf("up", "--yes", "--skip-preview", "--refresh")).toEqual(REPAIRED);
  expect(zone().record).toMatchObject({ id: record.id, comment: "causeway causeway/dev" });
});

test("P0: `adopt` that names what is in the state neither imports nor deletes it", async () => {
  const { record, ruleset } = zone();
  await edit();
  const { id, name, rules } = ruleset;
  const adopt = {
    records: { [record.name]: record.id },
    rulesets: { http_request_firewall_custom: { id, name, description: comment, rules } },
  };
  await project.workspace.run("config", "set", "adopt", JSON.stringify(adopt));
  expect(await writesOf("up", "--yes", "--skip-preview", "--refresh")).toEqual(REPAIRED);
  expect(zone()).toMatchObject({ record: { id: record.id }, ruleset: { id } });
  expect(await writesOf("preview", "--expect-no-changes")).toEqual([]);
});

test("a run that destroys does what the state says, and what others put in the stack's places does not stop it", async () => {
  await project.workspace.run("config", "rm", "adopt");
  const { record } = zone();
  const zone_id = project.api.zoneId;
  await writesOf("up", "--yes", "--skip-preview");
  await cloudflare.dns.records.delete(record.id, { zone_id });
  await cloudflare.dns.records.create({ zone_id, type: "A", name: record.name, content: "192.0.2.1", ttl: 1 });
  expect(await writesOf("state", "unprotect", "--all", "--yes")).toEqual([]);
  project.workspace.setEnvironment({ CAUSEWAY_PURPOSE: "destroy" });
  const writes = await writesOf("destroy", "--yes", "--skip-preview", "--run-program");
  expect([...new Set(writes)]).toEqual(["DELETE cfd_tunnel", "DELETE dns_records", "DELETE rulesets"]);
  expect(project.api.cloud.zoneOf("chat.example.com")).toMatchObject({ records: [{ type: "A" }], rulesets: [] });
});
