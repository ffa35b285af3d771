/**
 * What the lints once refused, each by a table of its own, and table J of the findings: rules, and the code that they
 * meet.
 */
import type { Phase, Plan, Rule } from "../../../../infra/rules/index.ts";
import { block, limit } from "./ruleset.ts";

export interface RuleCase {
  readonly name: string;
  readonly rules: readonly unknown[];
  /** Codes of the validator, in order; none where Cloudflare accepts the rules. */
  readonly codes: readonly string[];
  readonly phase: Phase;
  readonly plan: Plan;
  readonly lists: readonly { readonly name: string; readonly kind: "ip"; readonly items: readonly never[] }[];
}

const OFFICE = [{ name: "office", kind: "ip", items: [] }] as const;

function of(name: string, rule: object | readonly object[], codes: readonly string[], more: Partial<RuleCase> = {}) {
  const rules = Array.isArray(rule) ? rule : [rule];
  const isLimit = rules.some((one: Partial<Rule>) => one.ratelimit !== undefined);
  const phase = isLimit ? "http_ratelimit" : "http_request_firewall_custom";
  return { name, rules, codes, phase, plan: "enterprise", lists: [], ...more } as RuleCase;
}

const response = (parts: object = {}): object =>
  block({ action_parameters: { response: { status_code: 403, content_type: "text/plain", content: "no", ...parts } } });
const skip = (action_parameters?: object): object =>
  block({ action: "skip", ...(action_parameters && { action_parameters }) });
const redirect = (from_value: object | undefined): object =>
  block({ action: "redirect", action_parameters: { from_value } });
const to = (expression: string): object => redirect({ target_url: { expression } });
const DYNAMIC = { phase: "http_request_dynamic_redirect" } as const;
const many = (count: number, rule: object): object[] =>
  Array.from({ length: count }, (_, index) => ({ ...rule, ref: `r${index}` }));
const cacheRule = { action: "set_cache_settings", expression: "ssl", action_parameters: { cache: false } };
const HEADERS = { phase: "http_request_late_transform" } as const;
const rewrite = (header: object): object =>
  block({ action: "rewrite", action_parameters: { headers: { "X-A": header } } });
const MANAGED = { phase: "http_request_firewall_managed" } as const;
const managed = block({ action: "execute", action_parameters: { id: "efb7b8c949ac4650a09736fc376e9aee" } });
const ok = { target_url: { value: "https://example.com/" } };

/** Table J: what lint, preflight, local API and engine disagreed on. */
export const TABLE_J: readonly RuleCase[] = [
  of("redirect status 306", redirect({ ...ok, status_code: 306 }), ["bad-choice"], DYNAMIC),
  of("block response status 500", response({ status_code: 500 }), ["out-of-range"]),
  of("unknown skip product", skip({ products: ["BIC"] }), ["bad-choice"]),
  of("40,000-byte response, Pro", response({ content: "x".repeat(40_000) }), ["too-long"], { plan: "pro" }),
  of("custom response, Free", response(), ["parameter-plan"], { plan: "free" }),
  of("11 cache rules, Free", many(11, cacheRule), ["rule-count"], {
    plan: "free",
    phase: "http_request_cache_settings",
  }),
];

export const CASES: readonly RuleCase[] = [
  of("J: the longest response counts in bytes", response({ content: "é".repeat(15_361) }), ["too-long"]),
  of("J: the longest response", response({ content: "é".repeat(15_360) }), []),
  of("action of another phase", block({ action: "rewrite" }), ["action-phase"]),
  of("skip in the rate limiting phase", limit({}, { action: "skip", action_parameters: { ruleset: "current" } }), [
    "action-phase",
  ]),
  of("managed challenge", block({ action: "managed_challenge" }), []),
  of("log on Business", block({ action: "log" }), ["action-plan"], { plan: "business" }),
  of("log on Enterprise", block({ action: "log" }), []),
  of("response of another type", response({ content_type: "image/png", status_code: 302 }), [
    "out-of-range",
    "bad-choice",
  ]),
  of("response", response(), []),
  of("two refs", [block({ ref: "same" }), block({ ref: "same", expression: "not ssl" })], ["duplicate-ref"]),
  of("A9: a ref in capitals", block({ ref: "Bad-Ref" }), ["bad-format"]),
  of("logging on block", block({ logging: { enabled: true } }), ["logging-action"]),
  of("logging on skip", { ...skip({ ruleset: "current" }), logging: { enabled: true } }, []),
  of("long description", block({ description: "x".repeat(501) }), ["too-long"]),
  of("description", block({ description: "x".repeat(500) }), []),
  of("skip of nothing", skip(), ["missing-parameters"]),
  of("skip of no phases", skip({ phases: [] }), ["empty-value"]),
  of("skip of a phase that is not skipped", skip({ phases: ["http_request_firewall_custom"] }), ["bad-choice"]),
  of("skip of what is no list", skip({ products: { toString: 1 } }), ["wrong-type"]),
  of("skip of another ruleset", skip({ products: ["bic"], ruleset: "all" }), ["bad-choice"]),
  of(
    "skip",
    skip({ products: ["bic", "uaBlock"], ruleset: "current", phase: "current", phases: ["http_ratelimit"] }),
    [],
  ),
  of("redirect without target", redirect({}), ["missing-key"], DYNAMIC),
  of("redirect without parameters", redirect(undefined), ["missing-parameters"], DYNAMIC),
  of(
    "redirect with two targets",
    redirect({ target_url: { value: "https://a/", expression: "http.host" } }),
    ["member-count"],
    DYNAMIC,
  ),
  of("redirect with 308", redirect({ ...ok, status_code: 308 }), [], DYNAMIC),
  of("redirect to an address", to("ip.src"), ["type-mismatch"], DYNAMIC),
  of("redirect to a condition", to("ssl"), ["type-mismatch"], DYNAMIC),
  of("redirect to an unknown field", to("http.hots"), ["unknown-field"], DYNAMIC),
  of("redirect to text that does not end", to('concat("https://", http.host'), ["expected-parenthesis"], DYNAMIC),
  of("redirect with a function of other phases", to("sha256(http.host)"), ["function-phase"], DYNAMIC),
  of("redirect with a field of Enterprise", to("cf.bot_management.ja3_hash"), ["field-plan"], {
    ...DYNAMIC,
    plan: "free",
  }),
  of(
    "redirect with an expression",
    to('wildcard_replace(http.request.full_uri, "http://a/*", "https://b/")'),
    [],
    DYNAMIC,
  ),
  of("eleven redirects on Free", many(11, redirect(ok)), ["rule-count"], { ...DYNAMIC, plan: "free" }),
  of("six custom rules on Free", many(6, block()), ["rule-count"], { plan: "free" }),
  of("five custom rules on Free", many(5, block()), [], { plan: "free" }),
  of("three rate limits on Pro", many(3, limit()), ["rule-count"], { plan: "pro" }),
  of("characteristics without data centre", limit({ characteristics: ["ip.src"] }), ["rate-limit-colo"]),
  of(
    "characteristics of Enterprise",
    limit({ characteristics: ["http.host", "cf.colo.id"] }),
    ["rate-limit-characteristics"],
    { plan: "business" },
  ),
  of("visitor and address", limit({ characteristics: ["ip.src", "cf.unique_visitor_id", "cf.colo.id"] }), [
    "rate-limit-characteristics",
  ]),
  of("no characteristic", limit({ characteristics: ["ip.sorce", "cf.colo.id"] }), ["rate-limit-characteristics"]),
  of("header as characteristic", limit({ characteristics: ['http.request.headers["x-key"]', "cf.colo.id"] }), []),
  of("period of 61 s", limit({ period: 61 }), ["rate-limit-period"]),
  of("period of a minute on Free", limit({ period: 60 }), ["rate-limit-period"], { plan: "free" }),
  of("timeout of a minute on Free", limit({ mitigation_timeout: 60 }), ["rate-limit-timeout"], { plan: "free" }),
  of("throttling on Pro", limit({ mitigation_timeout: 0 }), ["rate-limit-timeout"], { plan: "pro" }),
  of(
    "timeout of a challenge",
    limit({ mitigation_timeout: 60 }, { action: "managed_challenge" }),
    ["rate-limit-timeout"],
    { plan: "pro" },
  ),
  of("timeout of 61 s on Pro", limit({ mitigation_timeout: 61 }), ["rate-limit-timeout"], { plan: "pro" }),
  of("timeout of 61 s on Enterprise", limit({ mitigation_timeout: 61 }), []),
  of("throttling on Enterprise", limit({ mitigation_timeout: 0 }), []),
  of("a limit of nothing", limit({ requests_per_period: 0 }), ["out-of-range"]),
  of("no limit", limit({ requests_per_period: undefined }), ["rate-limit-threshold"]),
  of("requests and score", limit({ score_per_period: 400, score_response_header_name: "x" }), ["rate-limit-threshold"]),
  of("score", limit({ requests_per_period: undefined, score_per_period: 400, score_response_header_name: "x" }), []),
  of(
    "score on Pro without header",
    limit({ requests_per_period: undefined, score_per_period: 4 }),
    ["parameter-plan", "rate-limit-threshold"],
    { plan: "pro" },
  ),
  of(
    "counting expression on Pro",
    limit({ counting_expression: "http.response.code eq 401" }),
    ["rate-limit-counting-plan"],
    { plan: "pro" },
  ),
  of("counting expression on Business", limit({ counting_expression: "http.response.code eq 401" }), [], {
    plan: "business",
  }),
  of("empty counting expression", limit({ counting_expression: "" }), [], { plan: "pro" }),
  of("host in a rate limit on Free, as the API was seen to accept", limit({}, { expression: 'http.host eq "a"' }), [], {
    plan: "free",
  }),
  of("unknown list", block({ expression: "ip.src in $nobody" }), ["unknown-list"], { lists: OFFICE }),
  of("list", block({ expression: "ip.src in $office" }), [], { lists: OFFICE }),
  of("list of another kind", block({ expression: "http.host in $office" }), ["list-kind"], { lists: OFFICE }),
  of("managed list on Pro", block({ expression: "ip.src in $cf.vpn" }), ["list-plan"], { plan: "pro" }),
  of("no managed list", block({ expression: "ip.src in $cf.mail" }), ["unknown-list"]),
  of("managed list", block({ expression: "ip.src in $cf.vpn" }), []),
  of(
    "R8: list and cached responses",
    limit({ requests_to_origin: true }, { expression: "ip.src in $office" }),
    ["rate-limit-lists"],
    { lists: OFFICE },
  ),
  of(
    "R8: list and response",
    limit({ counting_expression: "ip.src in $office and http.response.code eq 401" }),
    ["rate-limit-lists"],
    { lists: OFFICE },
  ),
  of("list with requests of the cache", limit({ requests_to_origin: false }, { expression: "ip.src in $office" }), [], {
    lists: OFFICE,
  }),
  of("R4: subdivision on Pro", block({ expression: 'ip.geoip.subdivision_1_iso_code eq "FR-A"' }), ["field-plan"], {
    plan: "pro",
  }),
  of("R4: European Union on Free", block({ expression: "ip.geoip.is_in_european_union" }), ["field-plan"], {
    plan: "free",
  }),
  of("R4: time zone in a condition", block({ expression: 'ip.src.timezone.name eq "UTC"' }), ["field-phase"]),
  of("R4: timings", block({ expression: "cf.timings.edge_msec gt 1" }), ["field-phase"]),
  of("R4: error type in a counting expression", limit({ counting_expression: 'cf.response.error_type eq "waf"' }), [
    "field-phase",
  ]),
  of("a header that is removed and set", rewrite({ operation: "remove", value: "1" }), ["member-count"], HEADERS),
  of("a header that is set to nothing", rewrite({ operation: "set" }), ["member-count"], HEADERS),
  of("a header that is set", rewrite({ operation: "set", expression: "http.host" }), [], HEADERS),
  of("a managed ruleset on Free", managed, ["managed-ruleset-plan"], { ...MANAGED, plan: "free" }),
  of("a managed ruleset on Pro", managed, [], { ...MANAGED, plan: "pro" }),
  of("redirect with a number as expression", redirect({ target_url: { expression: 5 } }), ["wrong-type"], DYNAMIC),
  of("blank expression", block({ expression: " " }), ["blank-expression"]),
  of("long expression", block({ expression: `http.host eq "${"a".repeat(4096)}"` }), ["expression-too-long"]),
  of("regular expression on Pro", block({ expression: 'http.host matches "a"' }), ["regex-plan"], { plan: "pro" }),
];
