/** DNS records and zone settings. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
    [{ type: "LOC", name: "a", content: "x" }, 1004],
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

  test.each([
    ["free", "ciphers", [], false],
    ["free", "early_hints", "off", true],
    ["free", "ech", "on", true],
    ["pro", "ech", "off", true],
    ["free", "image_resizing", "off", true],
    ["free", "max_upload", 100, true],
    ["business", "max_upload", 200, true],
    ["enterprise", "max_upload", 500, true],
    ["free", "mirage", "off", false],
    ["pro", "mirage", "off", true],
    ["free", "polish", "off", false],
    ["pro", "polish", "off", true],
  ] as const)("P9: on %s, %s is %j at first, and that it can be edited is %p", async (plan, id, value, editable) => {
    await withApi({ plan }, async (api, call) => {
      const shown = { id, value, editable, modified_on: null };
      expect((await call("GET", `/zones/${api.zoneId}/settings/${id}`)).body.result).toEqual(shown);
    });
  });

  test.each([
    ["pro", "early_hints", "on", 200],
    ["pro", "early_hints", "open", 1007],
    ["pro", "image_resizing", "open", 200],
    ["pro", "polish", "lossy", 200],
    ["free", "polish", "lossy", 1015],
    ["pro", "mirage", "on", 200],
    ["business", "max_upload", 175, 200],
    ["business", "max_upload", 225, 1007],
    ["free", "max_upload", 125, 1007],
    ["enterprise", "max_upload", 500, 200],
    ["enterprise", "max_upload", 110, 1007],
    ["enterprise", "max_upload", "200", 1007],
    ["enterprise", "ciphers", ["AES128-SHA"], 1015],
  ] as const)("P9: on %s, %s = %j is %i", async (plan, id, value, outcome) => {
    await withApi({ plan }, async (api, call) => {
      const reply = await call("PATCH", `/zones/${api.zoneId}/settings/${id}`, { value });
      expect(reply.status === 200 ? 200 : reply.body.errors[0]?.code).toBe(outcome);
      if (outcome === 200) expect(api.cloud.zoneOf(api.zoneName)?.settings[id]).toEqual(value);
    });
  });

  test("P9: ciphers can be chosen with Advanced Certificate Manager: those below TLS 1.3, none twice", async () => {
    const certificates = [{ type: "advanced" as const, status: "active" as const, hosts: ["a.b.example.com"] }];
    await withApi({ seed: { zones: [{ name: "example.com", certificates }] } }, async (api, call) => {
      const path = `/zones/${api.zoneId}/settings/ciphers`;
      const change = async (value: unknown) => {
        const reply = await call("PATCH", path, { value });
        return reply.body.errors[0]?.code ?? reply.body.result.value;
      };
      expect((await call("GET", path)).body.result.editable).toBe(true);
      const suites = ["ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA"];
      expect(await change(suites)).toEqual(suites);
      // terraform-provider-cloudflare#3003
      expect(await change(["AEAD-AES128-GCM-SHA256"])).toBe(1007);
      expect(await change(["AES128-SHA", "AES128-SHA"])).toBe(1007);
      expect(await change("AES128-SHA")).toBe(1007);
      expect(await change([])).toEqual([]);
    });
  });

  test("P9: a size that the plan allows no more does not hold", async () => {
    const folder = mkdtempSync(join(tmpdir(), "api-settings-"));
    const file = join(folder, "cloud.json");
    try {
      await withApi({ file, plan: "enterprise" }, async (api, call) => {
        await call("PATCH", `/zones/${api.zoneId}/settings/max_upload`, { value: 450 });
        expect(api.cloud.zoneOf(api.zoneName)?.settings.max_upload).toBe(450);
      });
      await withApi({ file, plan: "free" }, async (api) => {
        expect(api.cloud.zoneOf(api.zoneName)?.settings.max_upload).toBe(100);
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
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
