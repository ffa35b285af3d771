/**
 * The provider against the API on localhost: what it checks, what it replaces, what it imports, and what it says when
 * a call fails.
 */
import { describe, expect, test } from "@jest/globals";
import type { LocalApi } from "../../../../infra/local/api/index.ts";
import {
  createProvider,
  type Provider,
  type ResourceType,
  UNKNOWN,
  type Values,
} from "../../../../infra/local/provider/index.ts";
import { callApi, proZone, withApi } from "../api/client.ts";

const types = {
  record: "cloudflare:index/dnsRecord:DnsRecord",
  ruleset: "cloudflare:index/ruleset:Ruleset",
  setting: "cloudflare:index/zoneSetting:ZoneSetting",
  tunnel: "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared",
  config: "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
} as const;

function table(provider: Provider): Record<keyof typeof types, ResourceType> {
  const entries = Object.entries(types).map(([name, type]) => [name, provider.resource(type)]);
  return Object.fromEntries(entries);
}

const offline = table(createProvider({ apiToken: "none", baseURL: "http://127.0.0.1:1" }));

function withProvider<Result>(
  use: (resources: ReturnType<typeof table>, api: LocalApi, provider: Provider) => Promise<Result>,
) {
  return withApi({ seed: proZone }, (api) => {
    const provider = createProvider({ apiToken: api.token, baseURL: api.url });
    return use(table(provider), api, provider);
  });
}

const rule = { action: "block", expression: "ssl", ref: "r" };
const ruleset = (zoneId: string, more: object = {}) => ({
  zoneId,
  kind: "zone",
  name: "custom",
  phase: "http_request_firewall_custom",
  rules: [rule],
  ...more,
});

describe("check", () => {
  const cases: [string, keyof typeof types, object, string, string][] = [
    [
      "a misspelt input",
      "record",
      { zoneId: "z", name: "a", type: "A", ttl: 1, contnet: "x" },
      "contnet",
      "there is no input named contnet; did you mean content?",
    ],
    [
      "the API's own spelling",
      "tunnel",
      { accountId: "a", name: "t", config_src: "cloudflare" },
      "config_src",
      "there is no input named config_src; did you mean configSrc?",
    ],
    [
      "a misspelt input inside",
      "ruleset",
      ruleset("z", { rules: [{ ...rule, ratelimit: { characteristics: [], period: 1, requestPerPeriod: 2 } }] }),
      "rules[0].ratelimit.requestPerPeriod",
      "did you mean requestsPerPeriod?",
    ],
    [
      "an unknown input",
      "setting",
      { zoneId: "z", settingId: "ssl", value: "full", shape: 1 },
      "shape",
      "it takes zoneId, settingId, value, enabled",
    ],
    ["a missing input", "record", { zoneId: "z", name: "a", type: "A" }, "ttl", "ttl is required"],
    [
      "a missing input inside",
      "ruleset",
      ruleset("z", { rules: [{ action: "block" }] }),
      "rules[0].expression",
      "expression is required",
    ],
    [
      "a wrong type",
      "record",
      { zoneId: "z", name: "a", type: "A", ttl: "1" },
      "ttl",
      "expected a number, got a string",
    ],
    ["an output given", "tunnel", { accountId: "a", name: "t", status: "healthy" }, "status", "decided by Cloudflare"],
    [
      "a proxied record with a ttl",
      "record",
      { zoneId: "z", name: "a", type: "A", ttl: 300, proxied: true },
      "ttl",
      "ttl must be 1 when proxied is true",
    ],
    [
      "a ruleset of both zone and account",
      "ruleset",
      ruleset("z", { accountId: "a" }),
      "zoneId",
      "either a zoneId or an accountId",
    ],
  ];
  test.each(cases)("refuses %s", (_name, resource, inputs, property, reason) => {
    expect(offline[resource].check(inputs as Values)).toEqual([{ property, reason: expect.stringContaining(reason) }]);
  });

  test("takes what is not known yet, at any depth", () => {
    expect(offline.record.check({ zoneId: UNKNOWN, name: UNKNOWN, type: "A", ttl: UNKNOWN, proxied: UNKNOWN })).toEqual(
      [],
    );
    expect(offline.ruleset.check(ruleset("z", { rules: [{ ...rule, ratelimit: UNKNOWN }] }))).toEqual([]);
    expect(offline.ruleset.check(ruleset("z", { rules: UNKNOWN }))).toEqual([]);
  });
});

describe("diff", () => {
  const before = ruleset("z");
  test("writing a default out is no change", () => {
    const spelled = ruleset("z", {
      description: "",
      rules: [{ ...rule, enabled: true, description: "", actionParameters: {} }],
    });
    expect(offline.ruleset.diff("id", before, spelled)).toEqual({ changed: [], replaces: [] });
  });

  test("names the paths that changed and the inputs that replace", () => {
    const after = ruleset("z", { name: "other", rules: [{ ...rule, expression: "not ssl" }, rule] });
    expect(offline.ruleset.diff("id", before, after)).toEqual({
      changed: ["name", "rules[0].expression", "rules[1]"],
      replaces: ["name"],
    });
  });

  test.each([
    ["record", { zoneId: "z", name: "a", type: "A", ttl: 1 }, { type: "AAAA" }, ["type"]],
    ["record", { zoneId: "z", name: "a", type: "A", ttl: 1 }, { name: "b" }, []],
    ["tunnel", { accountId: "a", name: "t" }, { configSrc: "cloudflare" }, ["configSrc"]],
    ["tunnel", { accountId: "a", name: "t" }, { tunnelSecret: "s" }, []],
    ["tunnel", { accountId: "a", name: "t" }, { configSrc: "local" }, []],
    ["config", { accountId: "a", tunnelId: "t" }, { tunnelId: UNKNOWN }, ["tunnelId"]],
    ["setting", { zoneId: "z", settingId: "ssl", value: "full" }, { value: "strict" }, []],
  ] as const)("%s %j with %j replaces %j", (resource, inputs, change, replaces) => {
    expect(offline[resource].diff("id", inputs, { ...inputs, ...change }).replaces).toEqual(replaces);
  });
});

describe("read", () => {
  test("imports by the forms that pulumi import takes, and says the form where the id has another", async () => {
    await withProvider(async (resources, api) => {
      const { id } = await resources.ruleset.create(ruleset(api.zoneId, { description: "said" }));
      expect(await resources.ruleset.read(`zones/${api.zoneId}/${id}`)).toMatchObject({
        id,
        inputs: {
          zoneId: api.zoneId,
          kind: "zone",
          name: "custom",
          description: "said",
          rules: [{ action: "block", expression: "ssl" }],
        },
      });
      const tunnel = await resources.tunnel.create({ accountId: api.accountId, name: "t", configSrc: "cloudflare" });
      expect(await resources.tunnel.read(`${api.accountId}/${tunnel.id}`)).toMatchObject({
        id: tunnel.id,
        inputs: { name: "t", configSrc: "cloudflare" },
      });
      expect(await resources.setting.read(`${api.zoneId}/ssl`)).toMatchObject({
        id: "ssl",
        inputs: { settingId: "ssl", value: "full" },
      });
      await expect(resources.ruleset.read(id)).rejects.toThrow("zones/<zone id>/<ruleset id>");
      await expect(resources.record.read("x")).rejects.toThrow("<zone id>/<record id>");
    });
  });

  test("finds what was changed by hand, and nothing where nothing was", async () => {
    await withProvider(async (resources, api) => {
      const inputs = ruleset(api.zoneId);
      const { id } = await resources.ruleset.create(inputs);
      const path = `/zones/${api.zoneId}/rulesets/${id}`;
      const unchanged = await resources.ruleset.read(id, inputs);
      expect(resources.ruleset.diff(id, unchanged?.inputs ?? {}, inputs).changed).toEqual([]);
      await callApi(
        api,
        "PUT",
        path,
        {
          rules: [
            { ...rule, expression: "not ssl" },
            { ...rule, ref: "by_hand" },
          ],
        },
        api.token,
      );
      const changed = await resources.ruleset.read(id, inputs);
      expect(resources.ruleset.diff(id, changed?.inputs ?? {}, inputs).changed).toEqual([
        "rules[0].expression",
        "rules[1]",
      ]);
      await callApi(api, "DELETE", path, undefined, api.token);
      expect(await resources.ruleset.read(id, inputs)).toBeUndefined();
    });
  });

  test("a rotated secret is no difference, because it is never read", async () => {
    await withProvider(async (resources, api) => {
      const inputs = { accountId: api.accountId, name: "t", configSrc: "cloudflare" };
      const { id } = await resources.tunnel.create(inputs);
      await callApi(
        api,
        "PATCH",
        `/accounts/${api.accountId}/cfd_tunnel/${id}`,
        { tunnel_secret: Buffer.alloc(32, 1).toString("base64") },
        api.token,
      );
      const read = await resources.tunnel.read(id, inputs);
      expect(resources.tunnel.diff(id, read?.inputs ?? {}, inputs).changed).toEqual([]);
      expect(resources.tunnel.secretOutputs).toEqual(["tunnelSecret"]);
    });
  });
});

test("what the server chose survives an update: a rule's ref", async () => {
  await withProvider(async (resources, api) => {
    const plain = ruleset(api.zoneId, { rules: [{ action: "block", expression: "ssl" }] });
    const made = await resources.ruleset.create(plain);
    const before = api.cloud.zoneOf("example.com")?.rulesets[0]?.rules[0];
    const next = ruleset(api.zoneId, { rules: [{ action: "block", expression: "not ssl" }] });
    await resources.ruleset.update(made.id, plain, next, made.outputs);
    expect(api.cloud.zoneOf("example.com")?.rulesets[0]?.rules[0]).toMatchObject({
      id: before?.id,
      ref: before?.ref,
      expression: "not ssl",
    });
  });
});

test("P6: a record's tags are sent sorted where the program gives them; left out, they are lost, as with the real provider", async () => {
  await withProvider(async (resources, api) => {
    const record = { zoneId: api.zoneId, name: "a.example.com", type: "A", ttl: 1, content: "192.0.2.1" };
    const tags = () => api.cloud.zoneOf("example.com")?.records[0]?.tags;
    const { id } = await resources.record.create({ ...record, tags: ["b:2", "a:1"] });
    expect(api.journal.at(-1)?.body).toMatchObject({ tags: ["a:1", "b:2"] });
    const read = await resources.record.read(id, record);
    await resources.record.update(id, record, { ...record, tags: ["c:3", "a:1"], comment: "c" }, read?.outputs);
    expect(tags()).toEqual(["a:1", "c:3"]);
    const again = await resources.record.read(id, record);
    await resources.record.update(id, record, { ...record, comment: "d" }, again?.outputs);
    expect(api.journal.at(-1)?.body).not.toHaveProperty("tags");
    expect(tags()).toEqual([]);
    const without = await resources.record.read(id, record);
    await resources.record.update(id, record, { ...record, comment: "e" }, without?.outputs);
    expect(api.journal.at(-1)?.body).toMatchObject({ tags: [] });
  });
});

test("P3: of a setting that is an object only the members that changed are sent, and the others keep their value", async () => {
  await withProvider(async (resources, api) => {
    const hsts = (members: object) => ({
      zoneId: api.zoneId,
      settingId: "security_header",
      value: { strict_transport_security: members },
    });
    const before = hsts({ enabled: true, max_age: 300, include_subdomains: true, preload: false, nosniff: true });
    const after = hsts({ enabled: true, max_age: 600, include_subdomains: true, preload: false, nosniff: true });
    await resources.setting.create(before);
    await resources.setting.update("security_header", before, after);
    expect(api.journal.at(-1)?.body).toEqual({ value: { strict_transport_security: { max_age: 600 } } });
    expect(api.cloud.zoneOf("example.com")?.settings.security_header).toEqual(after.value);
    const read = await resources.setting.read("security_header", after);
    expect(resources.setting.diff("security_header", read?.inputs ?? {}, after).changed).toEqual([]);
  });
});

test("P8: an import reads twice, a refresh once", async () => {
  await withProvider(async (resources, api) => {
    const { id } = await resources.tunnel.create({ accountId: api.accountId, name: "t" });
    const reads = () => api.journal.filter(({ method }) => method === "GET").length;
    await resources.tunnel.read(id, { accountId: api.accountId, name: "t" });
    expect(reads()).toBe(1);
    await resources.tunnel.read(`${api.accountId}/${id}`);
    expect(reads()).toBe(3);
    expect(await resources.tunnel.read(`${api.accountId}/00000000-0000-4000-8000-000000000000`)).toBeUndefined();
    expect(reads()).toBe(4);
  });
});

test("what is already gone is no error to delete; nothing is sent for settings and configurations, which warn when they are made", async () => {
  await withProvider(async (resources, api) => {
    await resources.record.delete("0".repeat(32), { zoneId: api.zoneId });
    const before = api.journal.length;
    await resources.setting.delete("ssl", { zoneId: api.zoneId, settingId: "ssl", value: "full" });
    await resources.config.delete("t", { accountId: api.accountId, tunnelId: "t" });
    expect(api.journal.length).toBe(before);
    const warnings = Object.entries(resources).map(([name, { warning }]) => [name, warning]);
    const cannot = expect.stringContaining("This resource cannot be destroyed from Terraform.");
    expect(Object.fromEntries(warnings)).toEqual({ setting: cannot, config: cannot });
  });
});

describe("a call that fails", () => {
  const inputs = (api: LocalApi) => ({ accountId: api.accountId, name: "t" });

  test("is tried again when the API is busy, after the time that it names", async () => {
    await withProvider(async (resources, api) => {
      api.faults.next(
        { method: "POST" },
        { status: 429, code: 971, message: "Please wait", headers: { "retry-after": "0" } },
        2,
      );
      api.faults.next({ method: "POST" }, { status: 500, headers: { "retry-after-ms": "1" } }, 1);
      expect((await resources.tunnel.create(inputs(api))).id).toMatch(/^[0-9a-f-]{36}$/);
      expect(api.journal.map(({ status }) => status)).toEqual([429, 429, 500, 200]);
    });
  });

  test("is not waited for longer than a minute", async () => {
    await withProvider(async (resources, api) => {
      for (const wait of ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"]) {
        api.faults.next(
          { method: "POST" },
          { status: 429, code: 971, message: "Please wait", headers: { "retry-after": wait } },
        );
        await expect(resources.tunnel.create(inputs(api))).rejects.toMatchObject({
          code: "API_THROTTLED",
          status: 429,
          apiCodes: [971],
        });
      }
      expect(api.journal).toHaveLength(2);
    });
  });

  test("P8: is tried eleven times in about three minutes, as the real provider does", async () => {
    await withApi({ seed: proZone }, async (api) => {
      const waits: number[] = [];
      const wait = async (milliseconds: number) => void waits.push(milliseconds);
      const resources = table(createProvider({ apiToken: api.token, baseURL: api.url, wait }));
      for (const fault of [{ status: 500, code: 10500, message: "Internal error" }, "cut"] as const) {
        waits.length = 0;
        const calls = api.journal.length;
        api.faults.next({ method: "POST" }, fault, 20);
        await expect(resources.tunnel.create(inputs(api))).rejects.toMatchObject({
          code: fault === "cut" ? "API_UNREACHABLE" : "API_FAILED",
        });
        api.faults.clear();
        expect(api.journal.length - calls).toBe(11);
        const longest = [2, 4, 8, 16, 30, 30, 30, 30, 30, 30].map((seconds) => seconds * 1000);
        expect(waits).toHaveLength(longest.length);
        for (const [index, waited] of waits.entries()) {
          expect(waited).toBeLessThanOrEqual(longest[index] ?? 0);
          expect(waited).toBeGreaterThanOrEqual(0.75 * (longest[index] ?? 0));
        }
      }
    });
  });

  test.each([
    ["a conflict that is not to be tried again", { status: 409, headers: { "x-should-retry": "false" } }, 1],
    ["a refusal", { status: 400 }, 1],
    ["a refusal that is to be tried again", { status: 400, headers: { "x-should-retry": "true" } }, 11],
    ["a conflict", { status: 409 }, 11],
    ["a timeout", { status: 408 }, 11],
  ])("P8: %s", async (_what, fault, tries) => {
    await withApi({ seed: proZone }, async (api) => {
      const wait = async () => undefined;
      const resources = table(createProvider({ apiToken: api.token, baseURL: api.url, wait }));
      api.faults.next({ method: "POST" }, fault, 20);
      await expect(resources.tunnel.create(inputs(api))).rejects.toThrow();
      expect(api.journal).toHaveLength(tries);
    });
  });

  test("P7: has the real provider's message, with the API's whole response", async () => {
    await withApi({ seed: proZone }, async (api) => {
      const resources = table(
        createProvider({ apiToken: api.issueToken(["Zone Read", "DNS Read"]), baseURL: api.url }),
      );
      const url = `${api.url}/zones/${api.zoneId}/rulesets`;
      await expect(resources.ruleset.create(ruleset(api.zoneId))).rejects.toThrow(
        `failed to make http request: POST "${url}": 403 Forbidden {"result":null,"success":false,"errors":[{"code":10000,"message":"Authentication error: the token needs the permission \\"Zone WAF Write\\""`,
      );
    });
    await expect(
      table(
        createProvider({ apiToken: "none", baseURL: "http://127.0.0.1:1/client/v4", wait: async () => undefined }),
      ).tunnel.create({
        accountId: "a",
        name: "t",
      }),
    ).rejects.toThrow('failed to make http request: Post "http://127.0.0.1:1/client/v4/accounts/a/cfd_tunnel": ');
  });

  test("never shows the token", async () => {
    await withApi({}, async (api) => {
      const secret = "not-the-token-of-this-account-0123456789";
      const resources = table(createProvider({ apiToken: secret, baseURL: api.url }));
      const error: Error & { code?: string } = await resources.tunnel.create(inputs(api)).then(
        () => new Error("done"),
        (failure) => failure,
      );
      expect([error.code, error.message]).toEqual(["API_DENIED", expect.stringContaining("403 Forbidden")]);
      expect(JSON.stringify([error.message, error.stack])).not.toContain(secret);
    });
  });

  test("has the API's own message and codes when it is refused, at once also on a conflict", async () => {
    await withProvider(async (resources, api) => {
      await resources.tunnel.create(inputs(api));
      await expect(resources.tunnel.create(inputs(api))).rejects.toMatchObject({
        code: "API_REFUSED",
        status: 409,
        apiCodes: [1013],
      });
      await expect(
        resources.ruleset.create(ruleset(api.zoneId, { rules: [{ ...rule, expression: "nonsense" }] })),
      ).rejects.toThrow(/20127,"message":"'nonsense' is not a valid value/);
      expect(api.journal).toHaveLength(3);
    });
  });
});

test("look-ups: exactly one zone must match, arguments are checked, unknown ones are named", async () => {
  await withProvider(async (_resources, api, provider) => {
    const getZone = "cloudflare:index/getZone:getZone";
    expect(await provider.invoke(getZone, { zoneId: api.zoneId })).toMatchObject({
      name: "example.com",
      plan: { legacyId: "pro" },
    });
    await expect(provider.invoke(getZone, { filter: { name: "elsewhere.example" } })).rejects.toThrow("0 zones match");
    await expect(provider.invoke(getZone, { filter: { nmae: "x" } })).rejects.toThrow("did you mean name?");
    await expect(provider.invoke("cloudflare:index/getZones:getZones", {})).rejects.toThrow("getZones");
  });
});
