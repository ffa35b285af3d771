/**
 * `import` as a resource option, through the real CLI: what existed before is taken over, and changed where the inputs
 * differ, in one run.
 */
import { resolve } from "node:path";
import { expect, test } from "@jest/globals";
import { startApi } from "../../../infra/local/api/index.ts";
import { startProviderServer } from "../../../infra/local/provider/grpc/index.ts";
import { openWorkspace } from "../../../scripts/pulumi-cli/workspace.ts";
import { callApi, customRules } from "../../infra/local/api/client.ts";

const program = `
import * as pulumi from "@pulumi/pulumi";
const config = new pulumi.Config();
const [zoneId, accountId] = [config.require("zoneId"), config.require("accountId")];
const adopt = (id) => ({ retainOnDelete: true, ...(config.getBoolean("adopt") ? { import: id } : {}) });
new pulumi.CustomResource("cloudflare:index/ruleset:Ruleset", "rules", {
  zoneId, kind: "zone", name: "by hand", phase: "http_request_firewall_custom", description: "ours",
  rules: [{ action: "block", expression: "not ssl", ref: "theirs" }, { action: "block", expression: "ssl", ref: "ours" }],
}, adopt("zones/" + zoneId + "/" + config.require("ruleset")));
new pulumi.CustomResource("cloudflare:index/dnsRecord:DnsRecord", "record", {
  zoneId, name: "chat.example.com", type: "A", ttl: 300, content: "192.0.2.1",
}, adopt(zoneId + "/" + config.require("record")));
new pulumi.CustomResource("cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared", "tunnel", {
  accountId, name: "by hand", configSrc: "cloudflare",
}, adopt(accountId + "/" + config.require("tunnel")));
`;

test("a ruleset, a record and a tunnel are imported, kept without the option, and survive destroy", async () => {
  const api = await startApi({ seed: { zones: [{ name: "example.com" }] } });
  const provider = await startProviderServer({ apiToken: api.token, baseURL: api.url });
  const call = async (method: string, path: string, body: object) =>
    (await callApi(api, method, path, body, api.token)).body.result;
  const theirs = { action: "block", expression: "not ssl", ref: "theirs" };
  const ruleset = await call("POST", `/zones/${api.zoneId}/rulesets`, customRules([theirs], { name: "by hand" }));
  const record = await call("POST", `/zones/${api.zoneId}/dns_records`, {
    type: "A",
    name: "chat",
    content: "192.0.2.1",
    ttl: 300,
  });
  const tunnel = await call("POST", `/accounts/${api.accountId}/cfd_tunnel`, {
    name: "by hand",
    config_src: "cloudflare",
  });
  const values = {
    zoneId: api.zoneId,
    accountId: api.accountId,
    ruleset: ruleset.id,
    record: record.id,
    tunnel: tunnel.id,
    adopt: "true",
  };
  const workspace = openWorkspace({
    pulumi: process.env.PULUMI_BIN ?? "pulumi",
    root: resolve(import.meta.dirname, "../../.."),
    files: {
      "Pulumi.yaml": "name: adopting\nmain: index.mjs\nruntime:\n  name: nodejs\n  options: { typescript: false }\n",
      "package.json": '{"type":"module"}',
      "index.mjs": program,
      "Pulumi.dev.yaml": JSON.stringify({
        config: Object.fromEntries(Object.entries(values).map(([key, value]) => [`adopting:${key}`, value])),
      }),
    },
    environment: { PULUMI_DEBUG_PROVIDERS: provider.debugProviders },
  });
  const ok = async (...args: string[]) => {
    const { code, text } = await workspace.run(...args);
    if (code !== 0) throw new Error(text);
    return text;
  };
  const rules = () => api.cloud.zoneOf("example.com")?.rulesets[0]?.rules.map(({ id, ref }) => [id, ref]);
  const before = rules();
  try {
    await ok("stack", "init", "dev");
    const up = await ok("up", "--yes", "--skip-preview");
    expect(up).toMatch(/3 imported/);
    expect(rules()).toEqual([before?.[0], [expect.any(String), "ours"]]);
    await ok("config", "set", "adopt", "false");
    await ok("preview", "--expect-no-changes");
    const journal = api.journal.length;
    await ok("destroy", "--yes", "--skip-preview");
    expect(api.journal.slice(journal).filter(({ method }) => method === "DELETE")).toEqual([]);
  } finally {
    workspace.remove();
    await provider.close();
    await api.close();
  }
});
