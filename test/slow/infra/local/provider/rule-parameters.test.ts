/** P2: parameters of rules keep their names and values from the policy to the API and back. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { toBody, toOutputs } from "../../../../../infra/local/provider/fields.ts";
import { createProvider, type ResourceType } from "../../../../../infra/local/provider/index.ts";
import { ruleFields } from "../../../../../infra/local/provider/resources/rule-fields.ts";
import { compile } from "../../../../../infra/resources/compile.ts";
import { sdkRule } from "../../../../../infra/resources/sdk-rule.ts";
import type { Action, Phase, Rule } from "../../../../../infra/rules/index.ts";
import { withApi } from "../../../../infra/local/api/client.ts";
import { site } from "../../../../infra/policy/site.ts";
import { pathsOf, type SdkType, sdkInput, sdkResource } from "../../../../infra/resources/sdk-types.ts";
import { PARAMETERS } from "./rule-parameters.ts";

const RULESET = "cloudflare:index/ruleset:Ruleset";

/** Members of actions that no phase has here; what the SDK calls them is proved without the API. */
const OF_OTHER_ACTIONS: Readonly<Record<string, string>> = {
  compress_response: "algorithms",
  log_custom_field: "cookieFields rawResponseFields requestFields responseFields transformedRequestFields",
  score: "increment",
  set_cache_control:
    "immutable maxAge mustRevalidate mustUnderstand noCache noStore noTransform private proxyRevalidate public sMaxage staleIfError staleWhileRevalidate",
  set_cache_tags: "expression operation values",
};

const ruleType = sdkInput("RulesetRule");
const parametersType = sdkInput("RulesetRuleActionParameters");

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Any value of a type of the SDK. */
function arbitraryOf(type: SdkType): fc.Arbitrary<unknown> {
  if (type === "string") return fc.string();
  if (type === "number") return fc.integer();
  if (type === "boolean") return fc.boolean();
  if (type === "any") return fc.jsonValue();
  if ("list" in type) return fc.array(arbitraryOf(type.list), { minLength: 1, maxLength: 2 });
  if ("record" in type) return fc.dictionary(fc.stringMatching(/^[A-Za-z][-_A-Za-z]{0,9}$/), arbitraryOf(type.record));
  const members = Object.entries(type.object);
  return fc.record(Object.fromEntries(members.map(([name, member]) => [name, arbitraryOf(member.type)])), {
    requiredKeys: members.flatMap(([name, { required }]) => (required ? [name] : [])),
  });
}

test("P2: compile and provider have the same API name for every member of a rule that the SDK has", () => {
  const names = new Set<string>();
  fc.assert(
    fc.property(arbitraryOf(ruleType), (given) => {
      const rule = plain(given) as Record<string, unknown>;
      const body = toBody(ruleFields, rule);
      expect(plain(toOutputs(ruleFields, body))).toEqual(rule);
      expect(sdkRule(plain(body) as Record<string, unknown>)).toEqual(rule);
      collectPaths(rule, ruleType, names);
    }),
    { numRuns: 100 },
  );
  expect([...names].sort()).toEqual(pathsOf(ruleType).sort());
});

test("P2: the provider has every input that the SDK has", () => {
  /** It changes how a record is read, which no call of the kit uses. */
  const notHere = ["dnsRecord.includeShadowMetadata"];
  const { resource } = createProvider({ apiToken: "none", baseURL: "http://127.0.0.1:1" });
  const files = [
    "dnsRecord",
    "ruleset",
    "zeroTrustTunnelCloudflared",
    "zeroTrustTunnelCloudflaredConfig",
    "zoneSetting",
  ];
  const missing = files.flatMap((file) => {
    const found = resource(`cloudflare:index/${file}:${file.charAt(0).toUpperCase()}${file.slice(1)}`);
    if (found === undefined) throw new Error(`no ${file}`);
    const known = new Set(pathsOf(typeOfFields(found)));
    return pathsOf(sdkResource(file)).flatMap((path) => (known.has(path) ? [] : [`${file}.${path}`]));
  });
  expect(missing).toEqual(notHere);
});

const cases = Object.entries(PARAMETERS).flatMap(([action, places]) =>
  places.map(([phase, parameters]) => [action as Action, phase, parameters] as const),
);

test("P2: every parameter of every action passes compile, provider and API and comes back equal", async () => {
  const met = new Set<string>();
  await withApi({ seed: { zones: [{ name: "example.com", plan: "enterprise" }] } }, async (api, call) => {
    const provider = createProvider({ apiToken: api.token, baseURL: api.url });
    const resource = provider.resource(RULESET) as ResourceType;
    const target = { accountId: api.accountId, zoneId: api.zoneId };
    for (const [action, phase, parameters] of cases) {
      await fc.assert(
        fc.asyncProperty(fc.array(parameters, { minLength: 6, maxLength: 6 }), async (given) => {
          const rules = given.map((one, index): Rule => {
            const rule = { ref: `r${index}`, action, expression: "ssl" };
            return one === undefined ? rule : { ...rule, action_parameters: one };
          });
          const compiled = rulesetArgs(phase, rules, target);
          expect(resource.check(compiled)).toEqual([]);
          const { id, outputs } = await resource.create(compiled);

          // the API stores the policy's values
          const path = `/zones/${api.zoneId}/rulesets/${id}`;
          const stored = (await call("GET", path)).body.result.rules as Rule[];
          expect(stored.map((rule) => rule.action_parameters)).toEqual(plain(given.map((one) => one ?? {})));

          // a refresh reads the same inputs, an import the same parameters
          const refreshed = await resource.read(id, compiled);
          expect(resource.diff(id, compiled, refreshed?.inputs ?? {})).toEqual({ changed: [], replaces: [] });
          const imported = await resource.read(`zones/${api.zoneId}/${id}`);
          for (const values of [outputs, refreshed?.inputs, imported?.outputs]) {
            expect(parametersIn(values)).toEqual(parametersIn(compiled));
          }

          // rules that exist and are adopted become the same inputs again
          const adopted = rulesetArgs(phase, stored, target);
          expect(parametersIn(adopted)).toEqual(parametersIn(compiled));
          expect(resource.diff(id, compiled, adopted)).toEqual({ changed: [], replaces: [] });
          await resource.update(id, compiled, adopted, outputs);
          expect((await call("GET", path)).body.result.rules).toEqual(
            stored.map((rule) => ({ ...rule, last_updated: expect.any(String) })),
          );

          await resource.delete(id, compiled);
          for (const parameters of parametersIn(compiled)) collectPaths(parameters, parametersType, met);
        }),
        { numRuns: 8 },
      );
    }
  });
  const elsewhere = Object.values(OF_OTHER_ACTIONS).flatMap((members) => members.split(" "));
  const wanted = pathsOf(parametersType);
  expect(wanted.filter((path) => !met.has(path) && !elsewhere.includes(path.split(".")[0] ?? ""))).toEqual([]);
  expect([...met].filter((path) => elsewhere.includes(path.split(".")[0] ?? "") && path !== "expression")).toEqual([]);
});

test.each([
  [
    { edge_ttl: { mode: "override_origin", status_code_ttl: [{ status_code: 404, value: 60 }] } },
    { edgeTtl: { mode: "override_origin", statusCodeTtls: [{ statusCode: 404, value: 60 }] } },
  ],
  [
    { cache_key: { custom_key: { header: { check_presence: ["a_b"], include: ["x"], contains: { a_b: ["c_d"] } } } } },
    { cacheKey: { customKey: { header: { checkPresences: ["a_b"], includes: ["x"], contains: { a_b: ["c_d"] } } } } },
  ],
  [
    { cache_key: { custom_key: { query_string: { include: { list: ["page"] } } } } },
    { cacheKey: { customKey: { queryString: { include: { lists: ["page"] } } } } },
  ],
  [
    { headers: { x_under_score: { operation: "set", value: "a_b" } } },
    { headers: { x_under_score: { operation: "set", value: "a_b" } } },
  ],
])("P2: %j is %j to the SDK", (given, expected) => {
  const rule = sdkRule({ ref: "r", expression: "ssl", action: "block", action_parameters: given });
  expect(rule.actionParameters).toEqual(expected);
});

test.each([
  [
    { edge_ttl: { mode: "bypass", status_code_ttls: [] } },
    "action_parameters.edge_ttl.status_code_ttls",
    "did you mean status_code_ttl?",
  ],
  [
    { shared_dictionary: { match_pattern: "/a" } },
    "action_parameters.shared_dictionary",
    "is not known to the Pulumi SDK",
  ],
  [{ phase: "current" }, "action_parameters.phase", "did you mean phases?"],
  [
    { cache_key: { custom_key: { query_string: { include: "*" } } } },
    "action_parameters.cache_key.custom_key.query_string.include",
    'is "*"; expected an object with all, list',
  ],
  [
    { headers: { "X-A": { operation: "set", values: "b" } } },
    'action_parameters.headers["X-A"].values',
    "did you mean value?",
  ],
])("P2: what the SDK does not know is refused, never dropped: %j", (action_parameters, member, why) => {
  const rule = { ref: "theirs", expression: "ssl", action: "set_cache_settings", action_parameters };
  expect(() => sdkRule(rule)).toThrow(expect.objectContaining({ code: "RULE_MEMBER", member }));
  expect(() => sdkRule(rule)).toThrow(why);
  expect(() => sdkRule(rule)).toThrow('The rule "theirs" cannot be deployed');
});

test("P2: a member of a rule or of its rate limit that is not known is refused too", () => {
  const rule = { ref: "theirs", expression: "ssl", action: "block" } as const;
  expect(() => sdkRule({ ...rule, categories: ["a"] })).toThrow("categories is not known to the Pulumi SDK");
  const ratelimit = { characteristics: ["ip.src"], period: 10, request_per_period: 5 };
  expect(() => sdkRule({ ...rule, ratelimit })).toThrow("did you mean requests_per_period?");
});

/** The arguments of the ruleset of a policy that has nothing but these rules. */
function rulesetArgs(phase: Phase, rules: readonly Rule[], target: { accountId: string; zoneId: string }) {
  const policy = { rulesets: [{ phase, name: "rules", rules }], ingress: [], lists: [], zoneSettings: [] };
  const [ruleset] = compile(site, policy as unknown as Parameters<typeof compile>[1], target).rulesets;
  return plain(ruleset?.args) as Record<string, unknown>;
}

function parametersIn(values: Readonly<Record<string, unknown>> | undefined): unknown[] {
  const rules = (values?.rules ?? []) as { actionParameters?: unknown }[];
  return rules.map((rule) => plain(rule.actionParameters ?? {}));
}

function collectPaths(value: unknown, type: SdkType, found: Set<string>, at = ""): void {
  if (value === undefined || value === null) return;
  if (typeof type === "string") found.add(at);
  else if ("list" in type) for (const item of value as unknown[]) collectPaths(item, type.list, found, at);
  else if ("record" in type) for (const item of Object.values(value)) collectPaths(item, type.record, found, at);
  else {
    for (const [name, member] of Object.entries(type.object)) {
      collectPaths((value as Record<string, unknown>)[name], member.type, found, at === "" ? name : `${at}.${name}`);
    }
  }
}

/** The provider's own table in the form of the SDK's types. */
function typeOfFields({ fields }: ResourceType): SdkType {
  const kind = (given: ResourceType["fields"][string]["kind"]): SdkType => {
    if (given === "any") return "any";
    if (typeof given === "string") return given === "number" ? "number" : given === "flag" ? "boolean" : "string";
    if ("list" in given) return { list: kind(given.list) };
    if ("record" in given) return { record: kind(given.record) };
    return { object: members(given.object) };
  };
  const members = (table: ResourceType["fields"]) =>
    Object.fromEntries(
      Object.entries(table).map(([name, field]) => [
        name,
        { type: kind(field.kind), required: field.required ?? false },
      ]),
    );
  return { object: members(fields) };
}
