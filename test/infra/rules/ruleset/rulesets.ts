/** Random rulesets that Cloudflare accepts on their plan, and such with one mutation. */
import fc from "fast-check";
import {
  maxRulesOf,
  type Phase,
  PLAN_LIMITS,
  PLANS,
  type Plan,
  periodsOf,
  timeoutsOf,
} from "../../../../infra/rules/index.ts";
import { expression } from "../arbitrary.ts";
import type { Given } from "./verdicts.ts";

const simple = fc.constantFrom(
  "ssl",
  'http.request.uri.path eq "/a"',
  'http.host eq "a.example" and not ssl',
  'http.request.method in {"GET" "POST"}',
  "ip.src in {192.0.2.0/24}",
);
/** cidr() is a function of custom rules and rate limits. */
const condition = (plan: Plan, phase: Phase) => {
  if (plan !== "enterprise") return simple;
  const isWaf = phase === "http_request_firewall_custom" || phase === "http_ratelimit";
  return fc.oneof(
    simple,
    expression.filter((text) => text.length <= 4096 && (isWaf || !text.includes("cidr("))),
  );
};
const contentType = fc.constantFrom("application/json", "text/html", "text/plain", "text/xml");
const responses = fc.record({
  status_code: fc.integer({ min: 400, max: 499 }),
  content_type: contentType,
  content: fc.string({ maxLength: 20 }),
});
const skips = fc
  .record(
    {
      ruleset: fc.constant("current"),
      phases: fc.subarray(["http_ratelimit", "http_request_sbfm", "http_request_firewall_managed"], { minLength: 1 }),
      products: fc.subarray(["bic", "hot", "uaBlock", "zoneLockdown"], { minLength: 1 }),
    },
    { requiredKeys: [] },
  )
  .filter((one) => Object.keys(one).length > 0);

function limits(plan: Plan, action: string) {
  const characteristics = PLAN_LIMITS[plan].rlCharacteristics.includes("*")
    ? fc.constantFrom(
        ["cf.colo.id", "ip.src"],
        ["cf.colo.id", 'http.request.headers["x"]'],
        ["cf.colo.id", "http.host"],
      )
    : fc.constant(["ip.src", "cf.colo.id"]);
  return fc.record({
    characteristics,
    period: fc.constantFrom(...periodsOf(plan)),
    requests_per_period: fc.integer({ min: 1, max: 1000 }),
    mitigation_timeout: fc.constantFrom(...timeoutsOf(plan, action as "block")),
    requests_to_origin: fc.boolean(),
  });
}

const redirects = fc.record({
  target_url: fc.oneof(
    fc.record({ value: fc.constant("https://a.example/") }),
    fc.record({ expression: fc.constant('concat("https://b.example", http.request.uri.path)') }),
  ),
  status_code: fc.constantFrom(301, 302, 303, 307, 308),
});
const headers = fc.dictionary(
  fc.constantFrom("X-A", "X-B"),
  fc.oneof(
    fc.record({ operation: fc.constantFrom("set", "add"), value: fc.constant("1") }),
    fc.record({ operation: fc.constant("set"), expression: fc.constant("http.host") }),
    fc.record({ operation: fc.constant("remove") }),
  ),
  { minKeys: 1 },
);

/** What differs from a rule's name, condition and description, by phase. */
const PARTS: Readonly<Partial<Record<Phase, (plan: Plan) => fc.Arbitrary<object>>>> = {
  http_request_firewall_custom: (plan) =>
    fc.oneof(
      fc.record({ action: fc.constantFrom("block", "challenge", "js_challenge", "managed_challenge") }),
      fc.record({
        action: fc.constant("skip"),
        action_parameters: skips,
        logging: fc.record({ enabled: fc.boolean() }),
      }),
      plan === "free"
        ? fc.constant({ action: "block" })
        : fc.record({ action: fc.constant("block"), action_parameters: fc.record({ response: responses }) }),
    ),
  http_ratelimit: (plan) =>
    fc
      .constantFrom("block", "managed_challenge")
      .chain((action) => fc.record({ action: fc.constant(action), ratelimit: limits(plan, action) })),
  http_request_dynamic_redirect: () =>
    fc.record({ action: fc.constant("redirect"), action_parameters: fc.record({ from_value: redirects }) }),
  http_request_cache_settings: () =>
    fc.record({
      action: fc.constant("set_cache_settings"),
      action_parameters: fc.record({
        cache: fc.boolean(),
        edge_ttl: fc.record({ mode: fc.constant("override_origin"), default: fc.nat(1000) }),
      }),
    }),
  http_request_late_transform: () =>
    fc.record({ action: fc.constant("rewrite"), action_parameters: fc.record({ headers }) }),
  http_response_compression: () =>
    fc.constant({ action: "compress_response", action_parameters: { algorithms: [{ name: "gzip" }] } }),
  http_log_custom_fields: () =>
    fc.constant({ action: "log_custom_field", action_parameters: { request_fields: [{ name: "x" }] } }),
};

/** Rulesets that are right. */
export const ruleset: fc.Arbitrary<Given> = fc
  .tuple(fc.constantFrom(...PLANS), fc.constantFrom(...(Object.keys(PARTS) as Phase[])))
  .chain(([plan, phase]) =>
    fc
      .array(
        fc
          .tuple(
            PARTS[phase]?.(plan) ?? fc.constant({}),
            condition(plan, phase),
            fc.record({ description: fc.string({ maxLength: 30 }), enabled: fc.boolean() }, { requiredKeys: [] }),
          )
          .map(([parts, text, more]): object => ({ expression: text, ...parts, ...more })),
        { maxLength: Math.min(3, maxRulesOf(phase, plan)) },
      )
      .map((rules) => ({ plan, phase, rules: rules.map((rule, index) => ({ ref: `r${index}`, ...rule })) })),
  );

type Node = { [key: string]: unknown } | unknown[];

/** Every object and list below a value, itself included. */
function nodes(value: unknown): Node[] {
  if (typeof value !== "object" || value === null) return [];
  return [value as Node, ...Object.values(value).flatMap(nodes)];
}

const junk = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    0,
    1.5,
    61,
    1e9,
    "",
    " ",
    "x",
    "current",
    "a".repeat(5000),
    [],
    {},
    ["x"],
    [1],
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Removes a member, adds one, or puts something else in its place; or repeats rules until the phase has too many. */
function mutate(given: Given, pick: number, which: number, value: unknown): Given {
  const rules = structuredClone(given.rules) as object[];
  const [first] = rules;
  if (which === 0 && first) {
    const more = Array.from({ length: 12 }, (_, index) => ({ ...first, ref: `more${index}` }));
    return { ...given, rules: [...rules, ...more] };
  }
  if (which === 1 && first) return { ...given, rules: [...rules, first] };
  const all = rules.flatMap(nodes);
  const node = all[pick % Math.max(1, all.length)];
  if (!node) return given;
  const keys = Object.keys(node);
  const key = keys[pick % Math.max(1, keys.length)];
  if (which === 2 || key === undefined) Reflect.set(node, Array.isArray(node) ? node.length : "unknown", value);
  else if (which === 3 && Array.isArray(node)) node.splice(pick % node.length, 1);
  else if (which === 3) Reflect.deleteProperty(node, key);
  else Reflect.set(node, key, value);
  return { ...given, rules };
}

/** The same with one mutation, which may be harmless. */
export const mutated: fc.Arbitrary<Given> = fc
  .tuple(
    ruleset.filter(({ rules }) => rules.length > 0),
    fc.nat(1000),
    fc.nat(7),
    junk,
  )
  .map(([given, pick, which, value]) => mutate(given, pick, which, value));
