/**
 * To any request the API responds in its envelope, never with an error of its own, and its state stays readable.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { readState } from "../../../../infra/local/api/state-file.ts";
import { character } from "../../../character.ts";
import { blockRule, customRules, withApi } from "./client.ts";

const words = [
  "zones",
  "accounts",
  "user",
  "tokens",
  "verify",
  "dns_records",
  "settings",
  "ssl",
  "rulesets",
  "phases",
  "entrypoint",
  "rules",
  "cfd_tunnel",
  "configurations",
  "token",
  "connections",
  "access",
  "apps",
  "policies",
  "service_tokens",
  "organizations",
  "rotate",
  "http_ratelimit",
  "http_request_firewall_custom",
  "..",
  "%00",
  "%2e%2e",
  "",
];
const keys = [
  "name",
  "type",
  "content",
  "ttl",
  "proxied",
  "comment",
  "kind",
  "phase",
  "rules",
  "action",
  "expression",
  "ref",
  "id",
  "ratelimit",
  "action_parameters",
  "characteristics",
  "period",
  "config",
  "ingress",
  "service",
  "hostname",
  "value",
  "tunnel_secret",
  "position",
  "index",
  "decision",
  "include",
  "everyone",
  "domain",
  "duration",
  "data",
  "flags",
  "tag",
  "target",
  "priority",
  "weight",
  "port",
];
const leaf = fc.oneof(
  fc.constantFrom(
    "A",
    "CNAME",
    "CAA",
    "SRV",
    "HTTPS",
    "alpn=h2",
    "zone",
    "custom",
    "block",
    "skip",
    "http_ratelimit",
    "http_request_firewall_custom",
    "ssl",
    "true",
    "strict",
    "cloudflare",
    "",
    "http_status:404",
    "ip.src",
    "cf.colo.id",
  ),
  fc.integer({ min: -2, max: 100_000 }),
  fc.boolean(),
  fc.constant(null),
  fc.string({ maxLength: 30, unit: character }),
  fc.double(),
);
const { body: anyBody } = fc.letrec<{ body: unknown }>((tie) => ({
  body: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf,
    fc.array(tie("body"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...keys), tie("body"), { maxKeys: 6 }),
  ),
}));

test("random methods, paths and bodies get a response in the envelope and leave a state that can be read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "api-fuzz-"));
  const file = join(folder, "cloud.json");
  try {
    await withApi({ file, seed: { zones: [{ name: "example.com", plan: "enterprise" }] } }, async (api, call) => {
      const zone = `/zones/${api.zoneId}`;
      const tunnels = `/accounts/${api.accountId}/cfd_tunnel`;
      const ruleset = (await call("POST", `${zone}/rulesets`, customRules([blockRule]))).body.result;
      const rule = (ruleset.rules as { id: string }[])[0]?.id;
      const tunnel = (await call("POST", tunnels, { name: "t" })).body.result.id;
      const record = (await call("POST", `${zone}/dns_records`, { type: "A", name: "a", content: "192.0.2.1" })).body
        .result.id;
      const known = [
        "/zones",
        zone,
        `${zone}/settings/ssl`,
        `${zone}/settings/max_upload`,
        "/accounts",
        "/user",
        "/ips",
        `${zone}/dns_records`,
        `${zone}/dns_records/${record}`,
        `${zone}/rulesets`,
        `${zone}/rulesets/${ruleset.id}`,
        `${zone}/rulesets/${ruleset.id}/rules`,
        `${zone}/rulesets/${ruleset.id}/rules/${rule}`,
        `${zone}/rulesets/phases/http_ratelimit/entrypoint`,
        `/accounts/${api.accountId}/access/apps`,
        `/accounts/${api.accountId}/access/policies`,
        `/accounts/${api.accountId}/access/service_tokens`,
        `/accounts/${api.accountId}/access/organizations`,
        `${zone}/rulesets/phases/http_request_firewall_custom/entrypoint`,
        tunnels,
        `${tunnels}/${tunnel}`,
        `${tunnels}/${tunnel}/configurations`,
        `${tunnels}/${tunnel}/connections`,
      ];
      const path = fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...known) },
        {
          weight: 1,
          arbitrary: fc
            .array(fc.constantFrom(...words, api.zoneId, api.accountId), { maxLength: 5 })
            .map((parts) => `/${parts.join("/")}`),
        },
      );
      const query = fc.constantFrom("", "?page=2", "?per_page=x", "?name=a&match=any", "?name.contains=%", "?%ff=%ff");
      const method = fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");
      await fc.assert(
        fc.asyncProperty(method, path, query, fc.option(anyBody, { nil: undefined }), async (how, where, ask, body) => {
          const sent = how === "GET" || body === undefined ? undefined : JSON.stringify(body);
          const reply = await call(how, `${where}${ask}`, sent);
          expect(reply.status).toBeLessThan(500);
          if (reply.status !== 204) expect(reply.body.success).toBe(reply.status < 300);
        }),
        { numRuns: 250 },
      );
      const read = readState(JSON.parse(readFileSync(file, "utf8")));
      expect(read).toMatchObject({ ok: true });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
