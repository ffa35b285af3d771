/** The whole API once through Cloudflare's own SDK: what the SDK can do there, it can do here. */
import { expect, test } from "@jest/globals";
import type Cloudflare from "cloudflare";
import { blockRule, customRules, proZone, sdk, withApi } from "./client.ts";

test("a zone is found by name; a tunnel, its configuration, records and rules are written and deleted again", async () => {
  await withApi({ seed: proZone }, async (api) => {
    const client = sdk(api);
    const account_id = api.accountId;
    expect((await client.user.tokens.verify()).status).toBe("active");
    expect((await client.accounts.tokens.verify({ account_id })).status).toBe("active");
    const zones = await client.zones.list({ name: "example.com" });
    expect(zones.result.map(({ id }) => id)).toEqual([api.zoneId]);
    const zone = await client.zones.get({ zone_id: api.zoneId });
    expect([zone.name, zone.plan.legacy_id, zone.account.id]).toEqual(["example.com", "pro", account_id]);

    const tunnel = await client.zeroTrust.tunnels.cloudflared.create({
      account_id,
      name: "road",
      config_src: "cloudflare",
    });
    const id = tunnel.id ?? "";
    expect(tunnel).toMatchObject({ name: "road", status: "inactive", deleted_at: null, remote_config: true });
    const ingress = [
      { hostname: "chat.example.com", service: "http://127.0.0.1:3000", originRequest: { connectTimeout: 5 } },
      { service: "http_status:404" },
    ];
    const written = await client.zeroTrust.tunnels.cloudflared.configurations.update(id, {
      account_id,
      // the SDK's type wants a hostname on the catch-all, which the API must not have
      config: { ingress: ingress as { hostname: string; service: string }[] },
    });
    expect(written).toMatchObject({ version: 1, config: { ingress }, source: "cloudflare", tunnel_id: id });
    const token = await client.zeroTrust.tunnels.cloudflared.token.get(id, { account_id });
    const claim = JSON.parse(Buffer.from(token, "base64").toString());
    expect(claim).toMatchObject({ a: account_id, t: id });
    expect(Buffer.from(claim.s, "base64")).toHaveLength(32);
    expect(api.cloud.tunnel(id)).toMatchObject({ accountTag: account_id, version: 1, config: { ingress } });

    const record = await client.dns.records.create({
      zone_id: api.zoneId,
      type: "CNAME",
      name: "chat",
      content: `${id}.cfargotunnel.com`,
      proxied: true,
      ttl: 1,
    });
    expect(record).toMatchObject({ name: "chat.example.com", proxied: true, proxiable: true, comment: null });
    expect(
      (await client.dns.records.list({ zone_id: api.zoneId, name: { exact: "chat.example.com" } })).result,
    ).toHaveLength(1);

    const ruleset = (await client.rulesets.create({
      zone_id: api.zoneId,
      ...customRules([blockRule]),
    } as Cloudflare.Rulesets.RulesetCreateParams)) as { id: string };
    expect(ruleset).toMatchObject({
      version: "1",
      kind: "zone",
      rules: [{ ref: "scanners", enabled: true, version: "1" }],
    });
    const entrypoint = await client.rulesets.phases.get("http_request_firewall_custom", { zone_id: api.zoneId });
    expect(entrypoint.id).toBe(ruleset.id);
    const listed = [];
    for await (const entry of client.rulesets.list({ zone_id: api.zoneId })) listed.push(entry.phase);
    expect(listed).toEqual(["http_request_firewall_custom"]);
    const setting = await client.zones.settings.edit("min_tls_version", { zone_id: api.zoneId, value: "1.2" });
    expect(setting).toMatchObject({ id: "min_tls_version", value: "1.2", editable: true });

    const served = api.cloud.zoneOf("chat.example.com");
    expect(served).toMatchObject({ id: api.zoneId, plan: "pro", settings: { min_tls_version: "1.2" } });
    expect([served?.records.length, served?.rulesets.length]).toEqual([1, 1]);

    await client.dns.records.delete(record.id ?? "", { zone_id: api.zoneId });
    await client.rulesets.delete(ruleset.id, { zone_id: api.zoneId });
    await client.zeroTrust.tunnels.cloudflared.delete(id, { account_id });
    expect(api.cloud.zoneOf("chat.example.com")).toMatchObject({ records: [], rulesets: [] });
    const gone = await client.zeroTrust.tunnels.cloudflared.get(id, { account_id });
    expect(gone.deleted_at).not.toBeNull();
    expect((await client.zeroTrust.tunnels.cloudflared.list({ account_id, is_deleted: false })).result).toEqual([]);
  });
});
