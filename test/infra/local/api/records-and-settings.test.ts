/** DNS records and zone settings. */
import { describe, expect, test } from "@jest/globals";
import { proZone, type Reply, withApi } from "./client.ts";

const failure = (reply: Reply) => [reply.status, reply.body.errors[0]?.code];

describe("DNS records", () => {
  test("names are completed and lower-cased, a proxied record has ttl 1, and comments have their own time", async () => {
    let now = Date.parse("2026-11-22T10:00:00Z");
    await withApi({ seed: proZone, clock: () => now }, async (api, call) => {
      const path = `/zones/${api.zoneId}/dns_records`;
      const created = await call("POST", path, {
        type: "CNAME",
        name: "Chat",
        content: "T.CFARGOTUNNEL.COM",
        proxied: true,
        ttl: 300,
        comment: "ours",
      });
      expect(created.body.result).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        name: "chat.example.com",
        type: "CNAME",
        content: "t.cfargotunnel.com",
        proxiable: true,
        proxied: true,
        ttl: 1,
        settings: {},
        meta: {},
        comment: "ours",
        tags: [],
        created_on: "2026-11-22T10:00:00.000Z",
        modified_on: "2026-11-22T10:00:00.000Z",
        comment_modified_on: "2026-11-22T10:00:00.000Z",
      });
      now += 60_000;
      const patched = await call("PATCH", `${path}/${created.body.result.id}`, { proxied: false, ttl: 300 });
      expect(patched.body.result).toMatchObject({
        ttl: 300,
        comment: "ours",
        comment_modified_on: "2026-11-22T10:00:00.000Z",
        modified_on: "2026-11-22T10:01:00.000Z",
      });
      expect((await call("POST", path, { type: "TXT", name: "@", content: "v" })).body.result.name).toBe("example.com");
    });
  });

  test("a name has one CNAME or addresses, and no record twice", async () => {
    await withApi({ seed: proZone }, async (api, call) => {
      const path = `/zones/${api.zoneId}/dns_records`;
      const a = { type: "A", name: "a.example.com", content: "192.0.2.1" };
      expect((await call("POST", path, a)).status).toBe(200);
      expect(failure(await call("POST", path, a))).toEqual([400, 81058]);
      expect(failure(await call("POST", path, { ...a, type: "CNAME", content: "b.example.com" }))).toEqual([
        400, 81053,
      ]);
      expect((await call("POST", path, { ...a, content: "192.0.2.2" })).status).toBe(200);
      await call("POST", path, { type: "CNAME", name: "c", content: "b.example.com" });
      expect(failure(await call("POST", path, { ...a, name: "c" }))).toEqual([400, 81054]);
      expect(failure(await call("GET", `${path}/${"0".repeat(32)}`))).toEqual([404, 81044]);
    });
  });

  test.each([
    [{ type: "A", name: "a", content: "not an address" }, 9005],
    [{ type: "AAAA", name: "a", content: "192.0.2.1" }, 9006],
    [{ type: "CNAME", name: "a", content: "a b" }, 9007],
    [{ type: "A", name: "-a", content: "192.0.2.1" }, 9000],
    [{ type: "A", name: "a..b", content: "192.0.2.1" }, 9000],
    [{ type: "TXT", name: "a", content: "x", proxied: true }, 9004],
    [{ type: "MX", name: "a", content: "mx.example.com" }, 9100],
    [{ type: "SRV", name: "a", content: "x" }, 1004],
    [{ type: "A", name: "a", content: "192.0.2.1", ttl: 5 }, 1004],
    [{ type: "A", name: "a", content: "192.0.2.1", proxied: "yes" }, 1004],
  ])("%j is refused with code %i", async (body, code) => {
    await withApi({ seed: proZone }, async (api, call) => {
      expect(failure(await call("POST", `/zones/${api.zoneId}/dns_records`, body))).toEqual([400, code]);
    });
  });

  test("filters select by name, type, content, comment and search, all or any of them", async () => {
    await withApi({ seed: proZone }, async (api, call) => {
      const path = `/zones/${api.zoneId}/dns_records`;
      await call("POST", path, { type: "A", name: "a", content: "192.0.2.1", comment: "causeway x/y" });
      await call("POST", path, { type: "A", name: "b", content: "192.0.2.2", proxied: true });
      await call("POST", path, { type: "TXT", name: "b", content: "192.0.2.1" });
      const names = async (query: string) =>
        ((await call("GET", `${path}?${query}`)).body.result as unknown as { name: string; type: string }[]).map(
          ({ name, type }) => `${type} ${name[0]}`,
        );
      expect(await names("name=A.example.com")).toEqual(["A a"]);
      expect(await names("name.exact=b.example.com&type=TXT")).toEqual(["TXT b"]);
      expect(await names("content=192.0.2.1")).toEqual(["A a", "TXT b"]);
      expect(await names("comment.startswith=causeway")).toEqual(["A a"]);
      expect(await names("comment.absent=true&proxied=true")).toEqual(["A b"]);
      expect(await names("match=any&type=TXT&proxied=true")).toEqual(["A b", "TXT b"]);
      expect(await names("order=content&direction=desc")).toEqual(["A b", "TXT b", "A a"]);
    });
  });
});

describe("zone settings", () => {
  test("have defaults, change, and are seen by the edge", async () => {
    await withApi({}, async (api, call) => {
      const path = `/zones/${api.zoneId}/settings`;
      expect((await call("GET", `${path}/ssl`)).body.result).toEqual({
        id: "ssl",
        value: "full",
        editable: true,
        modified_on: null,
      });
      expect((await call("PATCH", `${path}/ssl`, { value: "strict" })).body.result.value).toBe("strict");
      expect(api.cloud.zoneOf("causeway.localhost")?.settings).toMatchObject({ ssl: "strict", websockets: "on" });
    });
  });

  test.each([
    ["an unknown setting", "shields", { value: "up" }, 1006],
    ["a setting named like an object's own", "constructor", { value: "x" }, 1006],
    ["a wrong value", "ssl", { value: "maximum" }, 1007],
    ["an empty body", "ssl", {}, 1007],
    ["an unknown member of a value", "security_header", { value: { strict_transport_security: { maxAge: 1 } } }, 1007],
    ["one that the plan cannot change", "http2", { value: "off" }, 1015],
  ])("%s is refused", async (_name, setting, body, code) => {
    await withApi({}, async (api, call) => {
      expect(failure(await call("PATCH", `/zones/${api.zoneId}/settings/${setting}`, body))).toEqual([400, code]);
    });
  });

  test("a plan that may change http2 does", async () => {
    await withApi({ seed: proZone }, async (api, call) => {
      expect((await call("PATCH", `/zones/${api.zoneId}/settings/http2`, { value: "off" })).status).toBe(200);
    });
  });
});

test("a hostname belongs to the zone with the longest matching name", async () => {
  await withApi({ seed: { zones: [{ name: "example.com" }, { name: "dev.example.com" }] } }, async (api) => {
    const zone = (host: string) => api.cloud.zoneOf(host)?.name;
    expect([zone("a.DEV.example.com."), zone("example.com"), zone("notexample.com"), zone("com")]).toEqual([
      "dev.example.com",
      "example.com",
      undefined,
      undefined,
    ]);
  });
});

test.each([
  ["2001:DB8::0001", "2001:db8::1"],
  ["2001:0db8:0000:0000:0001:0000:0000:0001", "2001:db8::1:0:0:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:db8:0:0:1:0:0:0", "2001:db8:0:0:1::"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["::FFFF:192.0.2.33", "::ffff:192.0.2.33"],
])("P8: the AAAA record %s comes back as %s (RFC 5952)", async (given, canonical) => {
  await withApi({}, async (api, call) => {
    const { body } = await call("POST", `/zones/${api.zoneId}/dns_records`, {
      type: "AAAA",
      name: "a",
      content: given,
    });
    expect(body.result.content).toBe(canonical);
  });
});

test("P8: an IPv6 address of one machine is refused", async () => {
  await withApi({}, async (api, call) => {
    const body = { type: "AAAA", name: "a", content: "fe80::1%eth0" };
    const reply = await call("POST", `/zones/${api.zoneId}/dns_records`, body);
    expect([reply.status, reply.body.errors[0]?.code]).toEqual([400, 9006]);
  });
});

test("P3: members that a change of security_header leaves out keep their value", async () => {
  await withApi({}, async (api, call) => {
    const path = `/zones/${api.zoneId}/settings/security_header`;
    const change = async (members: object) =>
      (await call("PATCH", path, { value: { strict_transport_security: members } })).body.result.value;
    const initial = { enabled: false, max_age: 0, include_subdomains: false, preload: false, nosniff: false };
    expect(await change({ max_age: 300 })).toEqual({ strict_transport_security: { ...initial, max_age: 300 } });
    const both = { strict_transport_security: { ...initial, max_age: 300, enabled: true } };
    expect(await change({ enabled: true })).toEqual(both);
    expect((await call("GET", path)).body.result.value).toEqual(both);
    expect((await call("PATCH", path, { value: { strict_transport_security: { max: 1 } } })).status).toBe(400);
  });
});
