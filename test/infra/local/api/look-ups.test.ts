/** P9: what programs look up besides zones, through Cloudflare's own SDK. */
import { expect, test } from "@jest/globals";
import { callApi, proZone, sdk, withApi } from "./client.ts";

test("P9: the SDK reads Cloudflare's networks, the accounts and the user of a token", async () => {
  await withApi({ seed: { ...proZone, account: { name: "acme" } } }, async (api) => {
    const client = sdk(api);
    const networks = await client.ips.list();
    expect(networks).toMatchObject({
      etag: expect.stringMatching(/^[0-9a-f]{32}$/),
      ipv4_cidrs: expect.arrayContaining(["104.16.0.0/13"]),
      ipv6_cidrs: expect.arrayContaining(["2606:4700::/32"]),
    });
    expect(networks).not.toHaveProperty("jdcloud_cidrs");
    expect(await client.ips.list({ networks: "jdcloud" })).toHaveProperty("jdcloud_cidrs", []);
    const account = { id: api.accountId, name: "acme", type: "standard" };
    const listed = [];
    for await (const each of client.accounts.list()) listed.push(each);
    expect(listed).toMatchObject([account]);
    expect((await client.accounts.list({ name: "other" })).result).toEqual([]);
    expect(await client.accounts.get({ account_id: api.accountId })).toEqual(listed[0]);
    expect(await client.user.get()).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      has_pro_zones: true,
      has_business_zones: false,
      has_enterprise_zones: false,
      organizations: [{ id: api.accountId, name: "acme", status: "member" }],
    });
  });
});

test("P9: the user is shown to a token with User Details Read only; other networks do not exist", async () => {
  await withApi({}, async (api, call) => {
    const user = (token: string) => callApi(api, "GET", "/user", undefined, token);
    expect((await user(api.issueToken(["Zone Read", "DNS Write"]))).status).toBe(403);
    expect((await user(api.issueToken(["User Details Read"]))).status).toBe(200);
    const other = await call("GET", "/ips?networks=aws");
    expect([other.status, other.body.errors[0]?.code]).toEqual([400, 1004]);
  });
});
