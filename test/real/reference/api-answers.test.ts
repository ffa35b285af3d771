/**
 * Responses of the API on localhost, compared with Cloudflare's own OpenAPI document in the folder CAUSEWAY_REFERENCE.
 * Errors of the document about the real API are listed here, by path of the response; an entry that no longer occurs
 * fails too.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import { startApi } from "../../../infra/local/api/index.ts";
import { blockRule, callApi, customRules } from "../../infra/local/api/client.ts";

/** The document's errors: the response of the real API does not fit it. */
const documentErrors: Readonly<Record<string, string>> = {
  "/result/*/owner/id must be string": "the owner of a zone of a user without an organization is null",
  "/result/owner/id must be string": "the same",
  "/result/*/tenant/id must be string": "a zone without a tenant has null",
  "/result/tenant/id must be string": "the same",
  "/result/*/tenant/name must be string": "the same",
  "/result/tenant/name must be string": "the same",
  "/result/*/tenant_unit/id must be string": "the same",
  "/result/tenant_unit/id must be string": "the same",
  "/result must have required property 'data'": "only records of structured types have data",
  "/result/* must have required property 'data'": "the same",
  "/result/conns_active_at must be string": "null while there is no connection",
  "/result/*/conns_active_at must be string": "the same",
  "/result/conns_inactive_at must be string": "null while there is one",
  "/result/deleted_at must be string": "null while it is not deleted",
  "/result/*/deleted_at must be string": "the same",
  "/result/config must be object": "null before the first configuration",
  "/result/config/ingress/* must have required property 'hostname'": "the catch-all must not have one",
};

// One more: a record without a comment has null, and the document has text; every record here has a comment, because
// that error would hide others behind it.

const openapi = JSON.parse(
  readFileSync(join(process.env.CAUSEWAY_REFERENCE ?? "", "data/cloudflare-openapi-subset.json"), "utf8"),
);
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
formats.default(ajv);
ajv.addSchema(openapi, "openapi");
const pointerPart = (part: string) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));

interface Documented {
  template: string;
  pattern: RegExp;
}
const templates: Documented[] = Object.keys(openapi.paths)
  .map((template) => ({
    template,
    pattern: new RegExp(
      `^${template.replace("{accounts_or_zones}", "(?:accounts|zones)").replaceAll(/\{[^}]+\}/g, "[^/]+")}$`,
    ),
  }))
  .sort((one, other) => one.template.split("{").length - other.template.split("{").length);

const compiled = new Map<string, ValidateFunction>();
function validatorOf(method: string, path: string): ValidateFunction {
  const found = templates.find(
    ({ template, pattern }) => pattern.test(path) && openapi.paths[template][method.toLowerCase()],
  );
  if (!found) throw new Error(`the document has no ${method} ${path}`);
  const key = `${found.template} ${method}`;
  const known = compiled.get(key);
  if (known) return known;
  const pointer = `#/paths/${pointerPart(found.template)}/${method.toLowerCase()}/responses/200`;
  const response = openapi.paths[found.template][method.toLowerCase()].responses["200"];
  const base = response.$ref ?? pointer;
  const validator = ajv.compile({ $ref: `openapi${base}/content/application~1json/schema` });
  compiled.set(key, validator);
  return validator;
}

test("every success body fits Cloudflare's OpenAPI document, apart from the document's own errors", async () => {
  const api = await startApi({ seed: { zones: [{ name: "example.com", plan: "enterprise" }] } });
  const met = new Set<string>();
  const problems: string[] = [];
  const call = async (method: string, path: string, body?: unknown) => {
    const reply = await callApi(api, method, path, body, api.token);
    expect([method, path, reply.status, reply.body?.errors ?? []]).toEqual([
      method,
      path,
      reply.status === 204 ? 204 : 200,
      [],
    ]);
    if (reply.status === 204) return reply;
    const validate = validatorOf(method, path.split("?")[0] ?? "");
    if (!validate(reply.body)) {
      for (const { instancePath, message } of validate.errors ?? []) {
        const at = instancePath.replaceAll(/\/\d+/g, "/*");
        const problem = `${at} ${message}`;
        if (problem in documentErrors) met.add(problem);
        else problems.push(`${method} ${path}: ${problem}`);
      }
    }
    return reply;
  };
  try {
    const zone = `/zones/${api.zoneId}`;
    const tunnels = `/accounts/${api.accountId}/cfd_tunnel`;
    await call("GET", "/user/tokens/verify");
    await call("GET", "/zones?name=example.com");
    await call("GET", zone);
    await call("GET", `${zone}/settings/ssl`);
    await call("PATCH", `${zone}/settings/min_tls_version`, { value: "1.2" });
    await call("PATCH", `${zone}/settings/always_use_https`, { value: "on" });
    for (const id of ["ciphers", "early_hints", "image_resizing", "max_upload", "mirage", "polish"])
      await call("GET", `${zone}/settings/${id}`);
    await call("PATCH", `${zone}/settings/max_upload`, { value: 300 });
    const record = await call("POST", `${zone}/dns_records`, {
      type: "CNAME",
      name: "chat",
      content: "t.cfargotunnel.com",
      proxied: true,
      ttl: 1,
      comment: "c",
    });
    await call("POST", `${zone}/dns_records`, { type: "A", name: "a", content: "192.0.2.1", ttl: 300, comment: "c" });
    await call("POST", `${zone}/dns_records`, {
      ...{ type: "CAA", name: "@", ttl: 1, comment: "c" },
      data: { flags: 0, tag: "issue", value: "letsencrypt.org" },
    });
    await call("POST", `${zone}/dns_records`, {
      ...{ type: "SRV", name: "_sip._tcp", ttl: 1, comment: "c" },
      data: { priority: 1, weight: 2, port: 3, target: "sip.example.com" },
    });
    await call("POST", `${zone}/dns_records`, {
      ...{ type: "HTTPS", name: "@", ttl: 1, comment: "c" },
      data: { priority: 1, target: ".", value: "alpn=h2" },
    });
    await call("GET", `${zone}/dns_records`);
    await call("GET", `${zone}/dns_records/${record.body.result.id}`);
    await call("PATCH", `${zone}/dns_records/${record.body.result.id}`, { comment: "d" });
    const tunnel = await call("POST", tunnels, { name: "t", config_src: "cloudflare" });
    const one = `${tunnels}/${tunnel.body.result.id}`;
    await call("GET", tunnels);
    await call("GET", one);
    await call("PATCH", one, { name: "u" });
    await call("GET", `${one}/configurations`);
    await call("PUT", `${one}/configurations`, {
      config: {
        ingress: [
          { hostname: "a.example.com", service: "http://127.0.0.1:1", originRequest: { connectTimeout: 5 } },
          { service: "http_status:404" },
        ],
      },
    });
    await call("GET", `${one}/configurations`);
    await call("GET", `${one}/token`);
    api.cloud.reportConnections(tunnel.body.result.id, [
      {
        id: "00000000-0000-4000-8000-000000000001",
        client_id: "00000000-0000-4000-8000-0000000000ff",
        client_version: "2026.8.2",
        colo_name: "LOC01",
        origin_ip: "127.0.0.1",
        opened_at: new Date().toISOString(),
        is_pending_reconnect: false,
      },
    ]);
    await call("GET", one);
    await call("GET", `${one}/connections`);
    await call("DELETE", `${one}/connections`);
    api.cloud.reportConnections(tunnel.body.result.id, []);
    await call("DELETE", one);
    await call("GET", one);
    const rules: [string, object[]][] = [
      [
        "http_request_firewall_custom",
        [
          blockRule,
          { action: "skip", expression: "ssl", action_parameters: { ruleset: "current" } },
          { action: "managed_challenge", expression: "ssl" },
        ],
      ],
      [
        "http_ratelimit",
        [
          {
            action: "block",
            expression: "ssl",
            ratelimit: {
              characteristics: ["ip.src", "cf.colo.id"],
              period: 10,
              requests_per_period: 5,
              mitigation_timeout: 10,
            },
          },
        ],
      ],
      [
        "http_request_cache_settings",
        [{ action: "set_cache_settings", expression: "ssl", action_parameters: { cache: false } }],
      ],
      [
        "http_response_headers_transform",
        [
          {
            action: "rewrite",
            expression: "ssl",
            action_parameters: { headers: { "X-A": { operation: "set", value: "b" } } },
          },
        ],
      ],
      ["http_config_settings", [{ action: "set_config", expression: "ssl", action_parameters: { bic: true } }]],
    ];
    for (const [phase, list] of rules) {
      const made = await call("POST", `${zone}/rulesets`, customRules(list, { phase, description: "ours" }));
      await call("GET", `${zone}/rulesets/${made.body.result.id}`);
      await call("GET", `${zone}/rulesets/phases/${phase}/entrypoint`);
      await call("PUT", `${zone}/rulesets/${made.body.result.id}`, { rules: list });
      await call("PUT", `${zone}/rulesets/phases/${phase}/entrypoint`, { rules: list });
      const added = await call("POST", `${zone}/rulesets/${made.body.result.id}/rules`, { ...list[0], ref: "more" });
      const last = (added.body.result.rules as { id: string }[]).at(-1)?.id;
      await call("PATCH", `${zone}/rulesets/${made.body.result.id}/rules/${last}`, { ...list[0], ref: "more" });
      await call("DELETE", `${zone}/rulesets/${made.body.result.id}/rules/${last}`);
    }
    await call("GET", `${zone}/rulesets`);
    await call("DELETE", `${zone}/dns_records/${record.body.result.id}`);
  } finally {
    await api.close();
  }
  expect([...new Set(problems.map((line) => line.replaceAll(/[0-9a-f]{32}|[0-9a-f-]{36}/g, "ID")))]).toEqual([]);
  expect(Object.keys(documentErrors).filter((problem) => !met.has(problem))).toEqual([]);
});
