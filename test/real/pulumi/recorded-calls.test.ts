/**
 * The real Pulumi CLI with our provider attached sends the calls that it sent with the real provider
 * (corpus/provider-calls.json).
 */
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../infra/local/api/index.ts";
import { type ProviderServer, startProviderServer } from "../../../infra/local/provider/grpc/index.ts";
import { openWorkspace, type PulumiRun, type Workspace } from "../../../scripts/pulumi-cli/workspace.ts";
import { type RecordedCall, recording } from "../../infra/local/provider/replay.ts";

const root = resolve(import.meta.dirname, "../../..");
const ours = [
  "dnsRecord:",
  "list:",
  "zoneSetting:",
  "ruleset:",
  "zeroTrustTunnelCloudflared:",
  "zeroTrustTunnelCloudflaredConfig:",
];

/** Declares the recorded inputs, with the API's ids of the zone, the account and the tunnel. */
const program = `
import * as pulumi from "@pulumi/pulumi";
import resources from "./resources.json" with { type: "json" };
const changed = new pulumi.Config().getBoolean("changed") ?? false;
const zone = await pulumi.runtime.invoke("cloudflare:index/getZone:getZone", { filter: { name: "example.com" } });
const inputsOf = (resource) => (changed && resource.inputsAfterChange) || resource.inputs;
const known = { "<zone id>": zone.zoneId, "<account id>": zone.account.id, "<app aud>": "aud" };
const fill = (value, ids) => {
  if (typeof value === "string") {
    for (const [name, id] of Object.entries(ids)) if (value.includes(name)) return pulumi.output(id).apply((text) => value.replace(name, text));
    return value;
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, ids));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, ids)]));
};
const declare = (resource, ids, options) => new pulumi.CustomResource(resource.type, resource.name, fill(inputsOf(resource), ids), options);
const named = (wanted) => resources.find(({ name }) => name === wanted);
const tunnel = declare(named("tunnel"), known);
const list = declare(named("allow"), known);
for (const resource of resources) if (resource !== named("tunnel") && resource !== named("allow"))
  declare(resource, { ...known, "<tunnel id>": tunnel.id }, resource.name === "custom" ? { dependsOn: [list] } : {});
export const token = pulumi.secret(pulumi.output(tunnel.id).apply((tunnelId) =>
  pulumi.runtime.invoke("cloudflare:index/getZeroTrustTunnelCloudflaredToken:getZeroTrustTunnelCloudflaredToken", { accountId: zone.account.id, tunnelId })).apply(({ token }) => token));
`;

let api: LocalApi;
let provider: ProviderServer;
let workspace: Workspace;

beforeAll(async () => {
  api = await startApi({ seed: { account: { name: "acme" }, zones: [{ name: "example.com", plan: "pro" }] } });
  provider = await startProviderServer({ apiToken: api.token, baseURL: api.url });
  const resources = recording.resources
    .filter(({ type }) => ours.some((name) => type.includes(`/${name}`)))
    // the recording has this setting's id replaced by a name, like ids of the server
    .map((resource) =>
      JSON.parse(JSON.stringify(resource).replaceAll("<setting-always_use_https id>", "always_use_https")),
    );
  workspace = openWorkspace({
    pulumi: process.env.PULUMI_BIN ?? "pulumi",
    root,
    files: {
      "Pulumi.yaml": "name: recorded\nmain: index.mjs\nruntime:\n  name: nodejs\n  options: { typescript: false }\n",
      "package.json": '{"type":"module"}',
      "index.mjs": program,
      "resources.json": JSON.stringify(resources),
    },
    environment: { PULUMI_DEBUG_PROVIDERS: provider.debugProviders },
  });
  expect(await workspace.run("stack", "init", "dev")).toMatchObject({ code: 0 });
});

afterAll(async () => {
  workspace?.remove();
  await provider?.close();
  await api?.close();
});

/** Runs the CLI and gives the calls that reached the API, ids replaced as in the recording. */
async function calls(...args: string[]): Promise<{ run: PulumiRun; sent: RecordedCall[] }> {
  const before = api.journal.length;
  const run = await workspace.run(...args);
  if (run.code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${run.code}:\n${run.text}`);
  return { run, sent: api.journal.slice(before).map(normal) };
}

function normal({ method, path, body }: { method: string; path: string; body?: unknown }): RecordedCall {
  const text = JSON.stringify({ method, path, body })
    .replaceAll(api.zoneId, "<zone id>")
    .replaceAll(api.accountId, "<account id>")
    .replaceAll("<setting-always_use_https id>", "always_use_https")
    .replaceAll('"<app aud>"', '"aud"')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<tunnel id>")
    .replaceAll(/\/(rulesets|dns_records|lists|bulk_operations)\/(?:[0-9a-f]{32}|<[a-z]+ id>)/g, "/$1/<id>")
    .replaceAll(/"tunnel_secret":"[^"]*"/g, '"tunnel_secret":"<secret>"');
  return JSON.parse(text);
}

/** Calls of the recording that our resources make, in an order of their own. */
function recorded(phase: keyof typeof recording.phases): RecordedCall[] {
  const others = /managed_headers|access\/|alerting|challenges/;
  return sorted(recording.phases[phase].filter(({ path }) => !others.test(path)).map(normal));
}

function sorted(list: readonly RecordedCall[]): RecordedCall[] {
  return [...list].sort((one, other) => JSON.stringify(one).localeCompare(JSON.stringify(other)));
}

test("preview, up, an empty second preview, an empty refresh, a change and destroy send the recorded calls", async () => {
  const preview = await calls("preview");
  expect(sorted(preview.sent)).toEqual(recorded("preview"));
  expect(preview.run.text).toContain("to create");

  const up = await calls("up", "--yes", "--skip-preview");
  expect(sorted(up.sent)).toEqual(recorded("up"));

  const second = await calls("preview", "--expect-no-changes");
  expect(sorted(second.sent)).toEqual(recorded("second preview"));

  const refresh = await calls("refresh", "--yes", "--expect-no-changes", "--skip-preview");
  expect(sorted(refresh.sent)).toEqual(recorded("refresh"));

  await workspace.run("config", "set", "changed", "true");
  const diff = await calls("preview", "--diff");
  expect(diff.run.text).toMatch(/~ expression:.*"starts_with\(http\.request\.uri\.path, \\?"\/wp\\?"\)".*=>.*\/wp-/);
  expect(diff.run.text).not.toContain("BwcHBwcH");
  const change = await calls("up", "--yes", "--skip-preview");
  expect(sorted(change.sent)).toEqual(recorded("up after the change"));

  const outputs = await workspace.run("stack", "output");
  expect(outputs.text).toContain("[secret]");
  const state = await workspace.run("stack", "export");
  expect(state.text).not.toContain("BwcHBwcH");

  const destroy = await calls("destroy", "--yes", "--skip-preview");
  expect(sorted(destroy.sent)).toEqual(recorded("destroy"));
  // P7: the real provider warns when they are made, not when they go
  expect(up.run.text).toContain("This resource cannot be destroyed from Terraform.");
  expect(destroy.run.text).not.toContain("cannot be destroyed");
});
