import { afterEach, beforeEach, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { type LocalApi, startApi } from "../../../infra/local/api/index.ts";
import type { Adoption, Site } from "../../../infra/policy/index.ts";
import { type AsFound, parseAsFound, preflight } from "../../../infra/preflight/index.ts";
import type { Rule } from "../../../infra/rules/index.ts";
import { callApi } from "../local/api/client.ts";
import { site as sample } from "../policy/site.ts";

const FIREWALL = "http_request_firewall_custom";
const site: Site = { ...sample, hostnames: ["chat.example.com"] };

let api: LocalApi;
let cloudflare: Cloudflare;
beforeEach(async () => {
  api = await startApi({ seed: { zones: [{ name: "example.com", plan: "enterprise" }] } });
  cloudflare = new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off", maxRetries: 0 });
});
afterEach(() => api.close());

const call = async (method: string, path: string, body: object) =>
  (await callApi(api, method, path, body, api.token)).body.result;

async function foundOf(adopt: Adoption, known = {}): Promise<Record<string, AsFound | undefined>> {
  const { asFound } = await preflight(cloudflare, { ...site, adopt }, known);
  return Object.fromEntries(Object.entries(asFound).map(([name, text]) => [name, parseAsFound(text)]));
}

test("O12: of what is adopted everything that can be set is kept, as it is before the stack changes it", async () => {
  const zone_id = api.zoneId;
  const account_id = api.accountId;
  const record = await call("POST", `/zones/${zone_id}/dns_records`, {
    type: "CNAME",
    name: "chat.example.com",
    content: "old.example.net",
    ttl: 300,
    comment: "the old host",
    tags: ["team:web"],
  });
  const ruleset = await call("POST", `/zones/${zone_id}/rulesets`, {
    kind: "zone",
    name: "default",
    phase: FIREWALL,
    rules: [
      { expression: "ssl", action: "block", description: "by hand", enabled: false },
      { expression: "not ssl", action: "skip", action_parameters: { ruleset: "current" }, logging: { enabled: false } },
    ],
  });
  const tunnels = `/accounts/${account_id}/cfd_tunnel`;
  const { id: tunnel } = await call("POST", tunnels, { name: "by hand", config_src: "cloudflare" });
  const config = { ingress: [{ service: "http_status:418" }] };
  await call("PUT", `${tunnels}/${tunnel}/configurations`, { config });
  const { id } = ruleset;
  const rules = ruleset.rules as readonly (Rule & { readonly ref: string })[];
  const refs = rules.map(({ ref }) => ref);
  const found = await foundOf({
    tunnel,
    records: { "chat.example.com": record.id },
    rulesets: { [FIREWALL]: { id, name: "default", description: "", rules } },
  });
  expect(found).toEqual({
    "as-found:chat.example.com": {
      summary: "CNAME old.example.net",
      path: `/zones/${zone_id}/dns_records/${record.id}`,
      body: expect.objectContaining({
        type: "CNAME",
        content: "old.example.net",
        proxied: false,
        ttl: 300,
        comment: "the old host",
        tags: ["team:web"],
      }),
    },
    [`as-found:${FIREWALL}`]: {
      summary: "2 rules",
      path: `/zones/${zone_id}/rulesets/${id}`,
      body: {
        name: "default",
        kind: "zone",
        phase: FIREWALL,
        description: "",
        rules: [
          {
            ref: refs[0],
            expression: "ssl",
            action: "block",
            description: "by hand",
            enabled: false,
          },
          expect.objectContaining({ ref: refs[1], logging: { enabled: false } }),
        ],
      },
    },
    "as-found:tunnel": {
      summary: "one ingress rule",
      path: `/accounts/${account_id}/cfd_tunnel/${tunnel}/configurations`,
      body: { config: expect.objectContaining({ ingress: [{ service: "http_status:418" }] }) },
    },
  });
});

test("O12: what the stack wrote itself is not taken for what was found", async () => {
  const zone_id = api.zoneId;
  const content = "00000000-0000-4000-8000-000000000000.cfargotunnel.com";
  const record = await call("POST", `/zones/${zone_id}/dns_records`, {
    type: "CNAME",
    name: "chat.example.com",
    content,
    ttl: 1,
    comment: "causeway causeway/test",
  });
  const theirs = { ref: "theirs", expression: "ssl", action: "block" } as const;
  const { id } = await call("POST", `/zones/${zone_id}/rulesets`, {
    kind: "zone",
    name: "default",
    phase: FIREWALL,
    rules: [theirs, { ref: "scanner_paths", expression: "not ssl", action: "block" }],
  });
  const rulesets = { [FIREWALL]: { id, name: "default", description: "", rules: [theirs] } };
  const found = await foundOf({ records: { "chat.example.com": record.id }, rulesets });
  expect(found["as-found:chat.example.com"]).toBeUndefined();
  expect(found[`as-found:${FIREWALL}`]?.body).toMatchObject({ rules: [{ ref: "theirs" }] });
});

test("O12: an adopted tunnel that had no configuration is put back to what a connector does without one", async () => {
  const tunnels = `/accounts/${api.accountId}/cfd_tunnel`;
  const { id: tunnel } = await call("POST", tunnels, { name: "by hand", config_src: "cloudflare" });
  const found = (await foundOf({ tunnel, records: {}, rulesets: {} }))["as-found:tunnel"];
  expect(found?.summary).toBe("no configuration, 503 for every request");
  const put = await callApi(api, "PUT", found?.path ?? "", found?.body ?? {}, api.token);
  expect([put.status, api.cloud.tunnel(tunnel)?.config]).toEqual([200, { ingress: [{ service: "http_status:503" }] }]);
});

test("a text that names another path of the API is not believed", () => {
  const found = { summary: "a", path: `/zones/${"0".repeat(32)}/dns_records/${"1".repeat(32)}`, body: {} };
  expect(parseAsFound(JSON.stringify(found))).toEqual(found);
  for (const path of ["/user/tokens", `${found.path}/../..`, `/zones/${"0".repeat(32)}`, "https://example.com/"]) {
    expect(parseAsFound(JSON.stringify({ ...found, path }))).toBeUndefined();
  }
  expect(parseAsFound("not known")).toBeUndefined();
});
