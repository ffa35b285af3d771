/**
 * Rulesets: identity, versions, one entrypoint per phase, what a plan includes (reference: cloudflare-and-pulumi 2.2
 * and 4).
 */
import { describe, expect, test } from "@jest/globals";
import type { Plan } from "../../../../infra/rules/index.ts";
import { blockRule, customRules, proZone, type Reply, withApi } from "./client.ts";

type StoredRule = { id: string; ref: string; version: string; [key: string]: unknown };
const rulesOf = (reply: Reply) => reply.body.result.rules as StoredRule[];
const failure = (reply: Reply) => [reply.status, reply.body.errors[0]?.code, reply.body.errors[0]?.source?.pointer];

const limitRule = {
  action: "block",
  expression: 'http.request.uri.path eq "/api/auth/login"',
  ref: "credentials",
  ratelimit: { characteristics: ["ip.src", "cf.colo.id"], period: 10, requests_per_period: 5, mitigation_timeout: 10 },
};
const limits = (rule: object) => ({ kind: "zone", name: "limits", phase: "http_ratelimit", rules: [rule] });

test("a phase has one entrypoint: a second one is refused with code 20217", async () => {
  await withApi({ seed: proZone }, async (api, call) => {
    const path = `/zones/${api.zoneId}/rulesets`;
    expect((await call("POST", path, customRules([]))).status).toBe(200);
    const second = await call("POST", path, customRules([blockRule]));
    expect(failure(second)).toEqual([400, 20217, "/kind"]);
    expect(second.body.errors[0]?.message).toBe(
      "'zone' is not a valid value for kind because exceeded maximum number of zone rulesets for phase http_request_firewall_custom",
    );
  });
});

test("a rule keeps its id when the body has its ref or its id, and is a new one otherwise; versions follow", async () => {
  await withApi({ seed: proZone }, async (api, call) => {
    const path = `/zones/${api.zoneId}/rulesets`;
    const created = await call(
      "POST",
      path,
      customRules([blockRule, { action: "managed_challenge", expression: "ssl" }]),
    );
    const [scanners, plain] = rulesOf(created);
    expect([scanners?.ref, plain?.ref]).toEqual(["scanners", plain?.id]);
    const changed = { ...blockRule, expression: 'http.request.uri.path eq "/x"' };
    const put = await call("PUT", `${path}/${created.body.result.id}`, {
      rules: [{ action: "managed_challenge", expression: "ssl", id: plain?.id }, changed, { ...blockRule, ref: "new" }],
    });
    const after = rulesOf(put);
    expect(put.body.result).toMatchObject({ id: created.body.result.id, version: "2", name: "custom rules" });
    expect(after.map(({ id }) => id).slice(0, 2)).toEqual([plain?.id, scanners?.id]);
    expect(after.map(({ version }) => version)).toEqual(["1", "2", "1"]);
    const without = await call("PUT", `${path}/${created.body.result.id}`, {
      rules: [{ action: "managed_challenge", expression: "ssl" }],
    });
    expect(rulesOf(without)[0]?.id).not.toBe(plain?.id);
  });
});

test("defaults: enabled, logging on skip, mitigation_timeout 0; nothing else appears that was not sent", async () => {
  await withApi({ seed: { zones: [{ name: "example.com", plan: "enterprise" }] } }, async (api, call) => {
    const path = `/zones/${api.zoneId}/rulesets`;
    const skip = { action: "skip", expression: "ssl", action_parameters: { ruleset: "current" } };
    const custom = await call("POST", path, customRules([skip]));
    expect(rulesOf(custom)[0]).toEqual({
      ...skip,
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      ref: rulesOf(custom)[0]?.id,
      version: "1",
      last_updated: expect.any(String),
      enabled: true,
      logging: { enabled: true },
    });
    expect(custom.body.result).toMatchObject({ description: "" });
    const { mitigation_timeout: _, ...open } = limitRule.ratelimit;
    const limited = await call("POST", path, limits({ ...limitRule, ratelimit: open }));
    expect(rulesOf(limited)[0]?.ratelimit).toEqual({ ...open, mitigation_timeout: 0 });
  });
});

test("entrypoints by phase: 404 code 10003 without one, PUT makes or replaces it, kind and phase are unknown fields there", async () => {
  await withApi({ seed: proZone }, async (api, call) => {
    const path = `/zones/${api.zoneId}/rulesets/phases/http_request_firewall_custom/entrypoint`;
    const none = await call("GET", path);
    expect([none.status, none.body.errors]).toEqual([
      404,
      [{ code: 10003, message: "could not find entrypoint ruleset in the http_request_firewall_custom phase" }],
    ]);
    const made = await call("PUT", path, { description: "ours", rules: [blockRule] });
    expect(made.body.result).toMatchObject({ kind: "zone", name: "default", description: "ours", version: "1" });
    const replaced = await call("PUT", path, { rules: [] });
    expect(replaced.body.result).toMatchObject({ id: made.body.result.id, version: "2", rules: [] });
    // emptied, it is still there and in the way of another
    expect(failure(await call("POST", `/zones/${api.zoneId}/rulesets`, customRules([])))).toEqual([
      400,
      20217,
      "/kind",
    ]);
    const unknown = await call("PUT", path, { kind: "zone", rules: [] });
    expect([unknown.status, unknown.body.errors[0]?.message]).toEqual([400, 'invalid JSON: unknown field "kind"']);
  });
});

test("dry_run=true checks every kind of write and stores nothing; 200 has a null result, 204 stays; the journal says so", () =>
  withApi({ seed: proZone }, async (api, call) => {
    const base = `/zones/${api.zoneId}/rulesets`;
    const rules = [{ ref: "one", expression: "ssl", action: "block" }];
    const made = (await call("POST", base, customRules(rules))).body.result;
    const before = (await call("GET", `${base}/${made.id}`)).body.result;
    const [rule] = before.rules as StoredRule[];
    const other = { ...customRules(rules), phase: "http_request_transform", rules: [] };
    const from = api.journal.length;
    const nonsense = { ref: "two", expression: "nonsense", action: "block" };
    const tooMany = Array.from({ length: 21 }, (_, index) => ({
      expression: "ssl",
      action: "block",
      ref: `r${index}`,
    }));
    const writes: [method: string, path: string, right: object | undefined, wrong: object | undefined][] = [
      ["POST", base, other, { ...other, phase: "http_request_firewall_custom" }],
      ["PUT", `${base}/${made.id}`, { rules: [] }, { rules: [nonsense] }],
      ["PUT", `${base}/${made.id}`, { rules: [] }, { rules: tooMany }],
      ["PUT", `${base}/phases/http_request_firewall_custom/entrypoint`, { rules: [] }, { rules: [nonsense] }],
      ["POST", `${base}/${made.id}/rules`, { ...rules[0], ref: "new" }, nonsense],
      ["PATCH", `${base}/${made.id}/rules/${rule?.id}`, { expression: "not ssl", action: "block" }, nonsense],
      ["DELETE", `${base}/${made.id}/rules/${rule?.id}`, undefined, undefined],
      ["DELETE", `${base}/${made.id}`, undefined, undefined],
    ];
    const readOnly = api.issueToken(["Zone WAF Read", "Zone Transform Rules Read"]);
    for (const [method, path, right, wrong] of writes) {
      const dry = (query: string, body: object | undefined, token = api.token) =>
        call(method, `${path}?${query}`, body, token);
      const answer = await dry("dry_run=true", right);
      const isDelete = method === "DELETE" && !path.includes("/rules/");
      expect([method, path, answer.status, answer.body?.result]).toEqual(
        isDelete ? [method, path, 204, undefined] : [method, path, 200, null],
      );
      if (wrong !== undefined) expect(await dry("dry_run=true", wrong)).toMatchObject({ status: 400 });
      expect(await dry("dry_run=true", right, readOnly)).toMatchObject({ status: 403 });
      for (const query of ["dry_run=yes", "dry_run=", "dry_run=TRUE", "dry_run=true&dry_run=false"]) {
        expect(await dry(query, right)).toMatchObject({ status: 400, body: { errors: [{ code: 20001 }] } });
      }
    }
    expect((await call("GET", base)).body.result).toHaveLength(1);
    expect((await call("GET", `${base}/${made.id}`)).body.result).toEqual(before);
    const dryRuns = api.journal.slice(from).filter(({ path }) => path.endsWith("?dry_run=true"));
    expect(dryRuns).toHaveLength(8 + 6 + 8);
    expect(dryRuns.every(({ dryRun }) => dryRun === true)).toBe(true);
    expect(await call("DELETE", `${base}/nothing?dry_run=true`)).toMatchObject({ status: 404 });
    expect(await call("PUT", `${base}/${made.id}?dry_run=false`, { rules: [] })).toMatchObject({
      body: { result: { version: "2" } },
    });
    expect(api.journal.at(-1)?.dryRun).toBeUndefined();
  }));

test("a dry run is no write of a run, and meets a fault only where the fault names dry runs", () =>
  withApi({ seed: proZone }, async (api, call) => {
    const base = `/zones/${api.zoneId}/rulesets`;
    await api.run("up", async () => {
      const { id } = (await call("POST", base, customRules([blockRule]))).body.result;
      expect((await call("DELETE", `${base}/${id}?dry_run=true`)).status).toBe(204);
    });
    api.faults.next({ method: "PUT", path: /rulesets/ }, { status: 500 });
    const entrypoint = `${base}/phases/http_request_firewall_custom/entrypoint`;
    expect((await call("PUT", `${entrypoint}?dry_run=true`, { rules: [] })).status).toBe(200);
    expect((await call("PUT", entrypoint, { rules: [] })).status).toBe(500);
    api.faults.next({ method: "PUT", path: /dry_run=true/ }, { status: 500 });
    expect((await call("PUT", `${entrypoint}?dry_run=true`, { rules: [] })).status).toBe(500);
  }));

test("rules are added, placed, changed and removed one by one; a PATCH replaces its rule", async () => {
  await withApi({ seed: proZone }, async (api, call) => {
    const base = `/zones/${api.zoneId}/rulesets`;
    const { body } = await call("POST", base, customRules([blockRule]));
    const path = `${base}/${body.result.id}/rules`;
    const added = await call("POST", path, {
      action: "block",
      expression: "ssl",
      ref: "first",
      description: "said",
      position: { index: 1 },
    });
    expect(rulesOf(added).map(({ ref }) => ref)).toEqual(["first", "scanners"]);
    const [first, scanners] = rulesOf(added);
    const patched = await call("PATCH", `${path}/${first?.id}`, {
      action: "block",
      expression: "not ssl",
      position: { after: scanners?.id },
    });
    expect(rulesOf(patched).map(({ ref }) => ref)).toEqual(["scanners", "first"]);
    expect(rulesOf(patched)[1]).toMatchObject({ id: first?.id, expression: "not ssl", version: "2" });
    expect(rulesOf(patched)[1]).not.toHaveProperty("description");
    expect(failure(await call("POST", path, { action: "block", expression: "ssl", ref: "first" }))).toEqual([
      400,
      20000,
      "/ref",
    ]);
    const removed = await call("DELETE", `${path}/${first?.id}`);
    expect([removed.body.result.version, rulesOf(removed).map(({ ref }) => ref)]).toEqual(["4", ["scanners"]]);
    expect((await call("DELETE", `${path}/${first?.id}`)).status).toBe(404);
  });
});

test("a deletion responds with 204 and no body; a deleted object is a 404", async () => {
  await withApi({ seed: proZone }, async (api, call) => {
    const base = `/zones/${api.zoneId}/rulesets`;
    const { body } = await call("POST", base, customRules([blockRule]));
    const deleted = await call("DELETE", `${base}/${body.result.id}`);
    expect([deleted.status, deleted.body]).toEqual([204, undefined]);
    expect(failure(await call("GET", `${base}/${body.result.id}`))).toEqual([404, 10001, undefined]);
    expect((await call("GET", base)).body.result).toEqual([]);
  });
});

describe("an error in a rule is reported with a pointer to it", () => {
  const cases: [string, object, number, string][] = [
    ["logging on block", { ...blockRule, logging: { enabled: true } }, 20018, "/rules/0/logging"],
    ["a blank expression", { ...blockRule, expression: " " }, 20125, "/rules/0/expression"],
    [
      "a long expression",
      { ...blockRule, expression: `http.host eq "${"a".repeat(4096)}"` },
      20127,
      "/rules/0/expression",
    ],
    ["an unknown action", { ...blockRule, action: "explode" }, 20000, "/rules/0/action"],
    ["an action of another phase", { ...blockRule, action: "redirect" }, 20000, "/rules/0/action"],
    ["an unknown key", { ...blockRule, enable: true }, 20000, "/rules/0/enable"],
    [
      "a response that is no client error",
      { ...blockRule, action_parameters: { response: { status_code: 200, content: "", content_type: "text/plain" } } },
      20000,
      "/rules/0/action_parameters/response/status_code",
    ],
    ["skip without parameters", { ...blockRule, action: "skip" }, 20000, "/rules/0/action_parameters"],
    [
      "a check that the edge here does not run",
      {
        ...blockRule,
        exposed_credential_check: { username_expression: "http.host", password_expression: "http.host" },
      },
      20000,
      "/rules/0/exposed_credential_check",
    ],
    ["a rate limit elsewhere", { ...limitRule }, 20000, "/rules/0/ratelimit"],
    ["rules that are no list", {}, 20000, "/rules/0/action"],
  ];
  test.each(cases)("%s", async (_name, rule, code, pointer) => {
    await withApi({ seed: proZone }, async (api, call) => {
      expect(failure(await call("POST", `/zones/${api.zoneId}/rulesets`, customRules([rule])))).toEqual([
        400,
        code,
        pointer,
      ]);
      expect(api.cloud.zoneOf("example.com")?.rulesets).toEqual([]);
    });
  });

  test("two rules with one ref", async () => {
    await withApi({ seed: proZone }, async (api, call) => {
      const reply = await call("POST", `/zones/${api.zoneId}/rulesets`, customRules([blockRule, blockRule]));
      expect(failure(reply)).toEqual([400, 20000, "/rules/1/ref"]);
    });
  });
});

describe("an expression that the edge does not understand is refused in Cloudflare's words", () => {
  const cases: [string, string, number, string][] = [
    ["a syntax error", 'http.host eq "a" and', 20127, "Filter parsing error (1:"],
    ["an unknown field", 'http.hots eq "a"', 20127, "Filter parsing error (1:1)"],
    ["a wrong type", "http.host eq 7", 20127, "could not parse filter expression"],
    ["a field of a later phase", "http.response.code eq 500", 20127, "not a valid value for expression"],
    [
      "a regular expression on Free",
      'http.host matches "a"',
      50002,
      "not entitled: the use of operator Matches is not allowed",
    ],
  ];
  test.each(cases)("%s", async (_name, expression, code, said) => {
    await withApi({}, async (api, call) => {
      const reply = await call("POST", `/zones/${api.zoneId}/rulesets`, customRules([{ ...blockRule, expression }]));
      expect(failure(reply)).toEqual([400, code, "/rules/0/expression"]);
      expect(reply.body.errors[0]?.message).toContain(said);
    });
  });

  test("a rate limiting rule on Free may see host and method, as the API has been seen to allow", async () => {
    await withApi({}, async (api, call) => {
      const rule = { ...limitRule, expression: 'http.host eq "a.example" and http.request.method eq "POST"' };
      expect((await call("POST", `/zones/${api.zoneId}/rulesets`, limits(rule))).status).toBe(200);
    });
  });
});

test("a single redirect has one target, whose expression is text of its phase; Free allows ten", async () => {
  await withApi({}, async (api, call) => {
    const redirect = (from_value: object, ref = "to_https") => ({
      ref,
      action: "redirect",
      expression: "not ssl",
      action_parameters: { from_value },
    });
    const to = (expression: string) => redirect({ target_url: { expression } });
    const post = (...rules: readonly object[]) =>
      call("POST", `/zones/${api.zoneId}/rulesets`, {
        kind: "zone",
        name: "redirects",
        phase: "http_request_dynamic_redirect",
        rules,
      });
    const parameters = "/rules/0/action_parameters";
    const target = `${parameters}/from_value/target_url`;
    const ok = { target_url: { expression: 'concat("https://", http.host, http.request.uri.path)' }, status_code: 301 };
    const refused: [object, number, string][] = [
      [{ ...redirect(ok), action_parameters: {} }, 20000, parameters],
      [
        { ...redirect(ok), action_parameters: { from_value: ok, from_list: { name: "a", key: "b" } } },
        20000,
        parameters,
      ],
      [redirect({ ...ok, status_code: 304 }), 20000, `${parameters}/from_value/status_code`],
      [redirect({ target_url: { value: "https://a/", expression: "http.host" } }), 20000, target],
      [redirect({}), 20000, target],
      [to("http.hots"), 20127, `${target}/expression`],
      [to("ip.src"), 20127, `${target}/expression`],
      [to("http.response.code"), 20127, `${target}/expression`],
      [to("sha256(http.host)"), 20127, `${target}/expression`],
      [to('regex_replace(http.host, "a", "b")'), 50002, `${target}/expression`],
    ];
    for (const [rule, code, pointer] of refused) expect(failure(await post(rule))).toEqual([400, code, pointer]);
    const wrongType = (await post(to("ip.src"))).body.errors[0]?.message;
    expect(wrongType).toContain("expected value of type Bytes, but got Ip");
    const rules = Array.from({ length: 11 }, (_, index) => redirect(ok, `r${index}`));
    expect(failure(await post(...rules))).toEqual([400, 50002, "/rules"]);
    expect(rulesOf(await post(...rules.slice(1)))).toHaveLength(10);
  });
});

describe("what a plan does not include is refused with code 50002", () => {
  const six = Array.from({ length: 6 }, (_, index) => ({ ...blockRule, ref: `r${index}` }));
  const limit = (more: object, rule: object = {}) =>
    limits({ ...limitRule, ...rule, ratelimit: { ...limitRule.ratelimit, ...more } });
  const cases: [string, Plan, object, string][] = [
    [
      "six custom rules on Free",
      "free",
      customRules(six),
      "not entitled to use more than 5 rules in the phase http_request_firewall_custom, got 6",
    ],
    [
      "the log action below Enterprise",
      "business",
      customRules([{ ...blockRule, action: "log" }]),
      "not entitled to use the action log",
    ],
    [
      "a period of a minute on Free",
      "free",
      limit({ period: 60 }),
      "not entitled to use the period 60, can only use a period among [10]",
    ],
    [
      "a longer mitigation on Free",
      "free",
      limit({ mitigation_timeout: 60 }),
      "not entitled to use a mitigation timeout different from 10",
    ],
    [
      "throttling below Enterprise",
      "business",
      limit({ mitigation_timeout: 0 }),
      "not entitled to use the mitigation timeout 0, can only use a mitigation timeout among",
    ],
    [
      "a counting expression on Pro",
      "pro",
      limit({ counting_expression: "ssl" }),
      "not entitled to use a counting expression",
    ],
    [
      "counting by header below Enterprise",
      "pro",
      limit({ characteristics: ["cf.colo.id", 'http.request.headers["x"]'] }),
      "not entitled to use the characteristic",
    ],
    [
      "the managed ruleset on Free",
      "free",
      {
        kind: "zone",
        name: "m",
        phase: "http_request_firewall_managed",
        rules: [
          { action: "execute", expression: "true", action_parameters: { id: "efb7b8c949ac4650a09736fc376e9aee" } },
        ],
      },
      "not entitled to use the managed ruleset",
    ],
    [
      "custom errors on Free",
      "free",
      {
        kind: "zone",
        name: "e",
        phase: "http_custom_errors",
        rules: [
          {
            action: "serve_error",
            expression: "true",
            action_parameters: { content: "x", content_type: "text/plain" },
          },
        ],
      },
      "not entitled to use the phase http_custom_errors",
    ],
  ];
  test.each(cases)("%s", async (_name, plan, body, message) => {
    await withApi({ seed: { zones: [{ name: "example.com", plan }] } }, async (api, call) => {
      const reply = await call("POST", `/zones/${api.zoneId}/rulesets`, body);
      expect([reply.status, reply.body.errors[0]?.code, reply.body.errors[0]?.message]).toEqual([
        400,
        50002,
        expect.stringContaining(message),
      ]);
    });
  });

  test("rules that the plan includes are accepted", async () => {
    await withApi({}, async (api, call) => {
      const path = `/zones/${api.zoneId}/rulesets`;
      expect((await call("POST", path, customRules(six.slice(0, 5)))).status).toBe(200);
      expect((await call("POST", path, limits(limitRule))).status).toBe(200);
      const missing = limits({ ...limitRule, ratelimit: { ...limitRule.ratelimit, characteristics: ["ip.src"] } });
      expect((await call("PUT", `${path}/phases/http_ratelimit/entrypoint`, { rules: missing.rules })).status).toBe(
        400,
      );
    });
  });

  test("the WAF of an account is Enterprise's", async () => {
    await withApi({ seed: proZone }, async (api, call) => {
      const body = { ...customRules([blockRule]), kind: "root" };
      expect((await call("POST", `/accounts/${api.accountId}/rulesets`, body)).body.errors[0]?.code).toBe(50002);
    });
    await withApi({ seed: { zones: [{ name: "example.com", plan: "enterprise" }] } }, async (api, call) => {
      const body = { ...customRules([blockRule]), kind: "root" };
      expect((await call("POST", `/accounts/${api.accountId}/rulesets`, body)).status).toBe(200);
      expect(api.cloud.zoneOf("example.com")?.accountRulesets).toMatchObject([
        { kind: "root", rules: [{ ref: "scanners" }] },
      ]);
    });
  });
});
