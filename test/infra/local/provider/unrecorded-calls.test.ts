/**
 * P9: the calls of what no recording has, and what is made of the responses of the API on localhost: the resource Zone,
 * records with data, and the look-ups getAccounts, getIpRanges and getUser.
 */
import { expect, test } from "@jest/globals";
import type { LocalApi } from "../../../../infra/local/api/index.ts";
import { createProvider, type Provider } from "../../../../infra/local/provider/index.ts";
import { proZone, withApi } from "../api/client.ts";

/** Runs with a provider for a new API; `calls` has what the API was called since the last time. */
function withProvider(use: (provider: Provider, api: LocalApi, calls: () => unknown[]) => Promise<void>) {
  return withApi({ seed: { ...proZone, account: { name: "acme" } } }, async (api) => {
    let seen = 0;
    const calls = () => {
      const news = api.journal.slice(seen);
      seen = api.journal.length;
      return news.map(({ method, path, status, body }) =>
        body === undefined ? `${method} ${path} ${status}` : [`${method} ${path} ${status}`, body],
      );
    };
    await use(createProvider({ apiToken: api.token, baseURL: api.url }), api, calls);
  });
}

function resourceOf(provider: Provider, type: string) {
  const found = provider.resource(type);
  if (!found) throw new Error(`no ${type}`);
  return found;
}

test("P9: a zone is imported and refreshed without a difference, and the API refuses to write it", async () => {
  await withProvider(async (provider, api, calls) => {
    const zone = resourceOf(provider, "cloudflare:index/zone:Zone");
    const path = `/zones/${api.zoneId}`;
    const imported = await zone.read(api.zoneId);
    expect(calls()).toEqual([`GET ${path} 200`, `GET ${path} 200`]);
    expect(imported).toMatchObject({
      id: api.zoneId,
      inputs: { account: { id: api.accountId }, name: "example.com" },
      outputs: { name: "example.com", status: "active", type: "full", paused: false, plan: { legacyId: "pro" } },
    });
    const given = { account: { id: api.accountId }, name: "example.com" };
    expect(zone.check(given)).toEqual([]);
    expect(zone.diff(api.zoneId, imported?.inputs ?? {}, given)).toEqual({ changed: [], replaces: [] });
    const refreshed = await zone.read(api.zoneId, given);
    expect(zone.diff(api.zoneId, refreshed?.inputs ?? {}, given)).toEqual({ changed: [], replaces: [] });
    expect(zone.diff(api.zoneId, given, { ...given, name: "example.org" }).replaces).toEqual(["name"]);
    expect(zone.check({ name: "example.com" })).toMatchObject([{ property: "account" }]);
    expect(zone.check({ ...given, status: "active" })).toMatchObject([{ property: "status" }]);
    calls();
    await expect(zone.create(given)).rejects.toMatchObject({ code: "API_REFUSED", status: 405 });
    await expect(zone.update(api.zoneId, given, { ...given, paused: true })).rejects.toMatchObject({ status: 405 });
    await expect(zone.delete(api.zoneId, given)).rejects.toMatchObject({ status: 405 });
    // a body of a route that is not there is not read
    expect(calls()).toEqual(["POST /zones 405", `PATCH ${path} 405`, `DELETE ${path} 405`]);
    expect(await zone.read("0".repeat(32))).toBeUndefined();
  });
});

test.each([
  ["CAA", { flags: 0, tag: "issue", value: "letsencrypt.org" }],
  ["SRV", { priority: 1, weight: 2, port: 3, target: "sip.example.com" }],
  ["HTTPS", { priority: 1, target: ".", value: "alpn=h2" }],
])("P9: a %s record is created with its data; refresh and import find no difference", async (type, data) => {
  await withProvider(async (provider, api, calls) => {
    const record = resourceOf(provider, "cloudflare:index/dnsRecord:DnsRecord");
    const inputs = { zoneId: api.zoneId, name: "x.example.com", type, ttl: 1, data };
    expect(record.check(inputs)).toEqual([]);
    const { id, outputs } = await record.create(inputs);
    expect(calls()).toEqual([
      [`POST /zones/${api.zoneId}/dns_records 200`, { name: "x.example.com", type, ttl: 1, proxied: false, data }],
    ]);
    expect(outputs).toMatchObject({ data, content: expect.stringContaining(" ") });
    for (const found of [await record.read(id, inputs), await record.read(`${api.zoneId}/${id}`)]) {
      expect(record.diff(id, found?.inputs ?? {}, inputs)).toEqual({ changed: [], replaces: [] });
    }
    calls();
    const changed = { ...inputs, data: { ...data, ...(type === "CAA" ? { flags: 128 } : { priority: 9 }) } };
    expect(record.diff(id, inputs, changed).changed).toEqual([type === "CAA" ? "data.flags" : "data.priority"]);
    await record.update(id, inputs, changed, outputs);
    expect(api.cloud.zoneOf("example.com")?.records).toMatchObject([{ id, data: changed.data }]);
    const [[call, body]] = calls() as [[string, object]];
    expect(call).toBe(`PUT /zones/${api.zoneId}/dns_records/${id} 200`);
    expect(body).not.toHaveProperty("content");
  });
});

test("P9: the look-ups make one call each, and getAccounts reads until a page is empty", async () => {
  await withProvider(async (provider, api, calls) => {
    const lookUp = (name: string, args: object) => provider.invoke(`cloudflare:index/${name}:${name}`, { ...args });
    expect(await lookUp("getIpRanges", {})).toMatchObject({
      etag: expect.any(String),
      ipv4Cidrs: expect.arrayContaining(["173.245.48.0/20"]),
      ipv6Cidrs: expect.arrayContaining(["2400:cb00::/32"]),
    });
    expect(await lookUp("getIpRanges", { networks: "jdcloud" })).toMatchObject({
      networks: "jdcloud",
      jdcloudCidrs: [],
    });
    const account = { id: api.accountId, name: "acme", type: "standard", settings: { enforceTwofactor: false } };
    expect(await lookUp("getAccounts", {})).toMatchObject({ results: [account] });
    expect(await lookUp("getAccounts", { name: "acme", maxItems: 1 })).toMatchObject({ results: [account] });
    expect(await lookUp("getAccounts", { name: "other" })).toEqual({ name: "other", results: [] });
    expect(await lookUp("getUser", {})).toMatchObject({ hasProZones: true, organizations: [{ name: "acme" }] });
    expect(calls()).toEqual([
      "GET /ips 200",
      "GET /ips?networks=jdcloud 200",
      "GET /accounts?page=1 200",
      "GET /accounts?page=2 200",
      "GET /accounts?name=acme&page=1 200",
      "GET /accounts?name=other&page=1 200",
      "GET /user 200",
    ]);
    await expect(lookUp("getUser", { id: "x" })).rejects.toThrow("there is no input named id");
    await expect(lookUp("getAccounts", { nam: "x" })).rejects.toThrow("did you mean name?");
  });
});
