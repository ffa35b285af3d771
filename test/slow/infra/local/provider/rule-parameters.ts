/** Arbitrary parameters of each action, in the API's words, within what the API takes. */
import fc from "fast-check";
import type { Action, Phase } from "../../../../../infra/rules/index.ts";

const flag = fc.boolean();
const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).map((value) => value.toWellFormed());
const texts = fc.array(text, { minLength: 1, maxLength: 3 });
const hexId = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 32, maxLength: 32 });
const hexIds = fc.array(hexId, { minLength: 1, maxLength: 3 });
const seconds = fc.integer({ min: 0, max: 31_536_000 });
const status = fc.integer({ min: 100, max: 999 });
const contentType = fc.constantFrom("application/json", "text/html", "text/plain", "text/xml");
const headerName = fc.constantFrom("Content-Type", "x_under_score", "X-A", "camelCase", "statusCode");

type Shape = Readonly<Record<string, fc.Arbitrary<unknown>>>;

/** Every member, or any of them and at least one; those whose name ends with `*` always. */
function members(shape: Shape): fc.Arbitrary<Record<string, unknown>> {
  const model = Object.fromEntries(Object.entries(shape).map(([key, value]) => [key.replace("*", ""), value]));
  const requiredKeys = Object.keys(shape).flatMap((key) => (key.endsWith("*") ? [key.slice(0, -1)] : []));
  const some = fc.record(model, { requiredKeys }).filter((value) => Object.keys(value).length > 0);
  // half of all values have every member, at every depth: no member is rare
  return fc.oneof(fc.record(model), some);
}
const flags = (names: string) => Object.fromEntries(names.split(" ").map((name) => [name, flag]));
const byHeader = (value: fc.Arbitrary<unknown>) => fc.dictionary(headerName, value, { minKeys: 1, maxKeys: 3 });

const valueOrExpression = fc.oneof(
  members({ "value*": text }),
  members({ "expression*": fc.constant('concat("/b", http.host)') }),
);
const override = {
  action: fc.constantFrom("log", "block"),
  enabled: flag,
  sensitivity_level: fc.constantFrom("default", "medium", "low", "eoff"),
};
const presence = { check_presence: texts, include: texts };
const queryNames = fc.oneof(members({ "all*": fc.constant(true) }), members({ "list*": texts }));
const varyAction = fc.constantFrom("bypass", "passthrough", "normalize");

const none = fc.constant(undefined);
const headers = members({
  "headers*": byHeader(
    fc.oneof(
      members({ "operation*": fc.constantFrom("set", "add"), "value*": text }),
      members({ "operation*": fc.constantFrom("set", "add"), "expression*": fc.constant("http.host") }),
      members({ "operation*": fc.constant("remove") }),
    ),
  ),
});

const cacheSettings = members({
  ...flags(
    "cache origin_cache_control origin_error_page_passthru respect_strong_etags strip_etags strip_last_modified strip_set_cookie",
  ),
  additional_cacheable_ports: fc.array(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 3 }),
  browser_ttl: members({ "mode*": fc.constantFrom("respect_origin", "override_origin"), default: seconds }),
  cache_key: members({
    ...flags("cache_by_device_type cache_deception_armor ignore_query_strings_order"),
    custom_key: members({
      cookie: members(presence),
      header: members({ ...presence, contains: byHeader(texts), exclude_origin: flag }),
      host: members({ resolved: flag }),
      query_string: fc.oneof(members({ "include*": queryNames }), members({ "exclude*": queryNames })),
      user: members(flags("device_type geo lang")),
    }),
  }),
  cache_reserve: members({ "eligible*": flag, minimum_file_size: seconds }),
  edge_ttl: members({
    "mode*": fc.constantFrom("respect_origin", "override_origin"),
    default: seconds,
    status_code_ttl: fc.array(
      members({
        "value*": fc.integer({ min: -1, max: 99 }),
        status_code: status,
        status_code_range: members({ from: status, to: status }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  }),
  origin_range_requests: members({ "mode*": text }),
  read_timeout: fc.integer({ min: 100, max: 6000 }),
  serve_stale: members({ disable_stale_while_updating: flag }),
  vary: members({
    "default*": members({ "action*": varyAction }),
    headers: byHeader(members({ "action*": varyAction, languages: texts, media_types: texts })),
  }),
});

/** The phase in which the action runs here, and its parameters. */
export const PARAMETERS: Readonly<
  Partial<Record<Action, readonly [phase: Phase, parameters: fc.Arbitrary<Record<string, unknown> | undefined>][]>>
> = {
  block: [
    [
      "http_request_firewall_custom",
      members({
        response: members({
          "content*": text,
          "content_type*": contentType,
          "status_code*": fc.integer({ min: 400, max: 499 }),
        }),
      }),
    ],
  ],
  challenge: [["http_request_firewall_custom", none]],
  js_challenge: [["http_request_firewall_custom", none]],
  managed_challenge: [["http_request_firewall_custom", none]],
  log: [["http_request_firewall_custom", none]],
  skip: [
    [
      "http_request_firewall_custom",
      members({
        ruleset: fc.constant("current"),
        // the SDK has no `phase`
        phases: fc.subarray(["http_ratelimit", "http_request_sbfm", "http_request_firewall_managed"], { minLength: 1 }),
        products: fc.subarray(["bic", "hot", "rateLimit", "securityLevel", "uaBlock", "waf", "zoneLockdown"], {
          minLength: 1,
        }),
        rulesets: hexIds,
        rules: fc.dictionary(hexId, hexIds, { minKeys: 1, maxKeys: 2 }),
      }),
    ],
  ],
  execute: [
    [
      "http_request_firewall_managed",
      members({
        "id*": hexId,
        matched_data: members({ "public_key*": text }),
        overrides: members({
          ...override,
          categories: fc.array(members({ ...override, "category*": text }), { minLength: 1, maxLength: 2 }),
          rules: fc.array(members({ ...override, "id*": hexId, score_threshold: fc.nat(100) }), {
            minLength: 1,
            maxLength: 2,
          }),
        }),
      }),
    ],
  ],
  redirect: [
    [
      "http_request_dynamic_redirect",
      fc.oneof(
        members({
          "from_value*": members({
            "target_url*": fc.oneof(
              members({ "value*": text }),
              members({ "expression*": fc.constant('concat("https://b.example", http.request.uri.path)') }),
            ),
            status_code: fc.constantFrom(301, 302, 303, 307, 308),
            preserve_query_string: flag,
          }),
        }),
        members({ "from_list*": members({ "name*": text, "key*": text }) }),
      ),
    ],
  ],
  rewrite: [
    ["http_request_transform", members({ "uri*": members({ path: valueOrExpression, query: valueOrExpression }) })],
    ["http_request_late_transform", headers],
    ["http_response_headers_transform", headers],
  ],
  route: [
    [
      "http_request_origin",
      members({
        host_header: text,
        origin: members({ host: text, port: fc.integer({ min: 1, max: 65_535 }) }),
        sni: members({ "value*": text }),
      }),
    ],
  ],
  set_cache_settings: [["http_request_cache_settings", cacheSettings]],
  set_config: [
    [
      "http_config_settings",
      members({
        ...flags(
          "automatic_https_rewrites bic content_converter disable_apps disable_rum disable_zaraz email_obfuscation fonts hotlink_protection mirage opportunistic_encryption redirects_for_ai_training rocket_loader server_side_excludes sxg",
        ),
        autominify: members(flags("css html js")),
        polish: fc.constantFrom("off", "lossless", "lossy", "webp"),
        request_body_buffering: fc.constantFrom("none", "standard", "full"),
        response_body_buffering: fc.constantFrom("none", "standard"),
        security_level: fc.constantFrom("off", "low", "under_attack"),
        ssl: fc.constantFrom("off", "flexible", "full", "strict", "origin_pull"),
      }),
    ],
  ],
  serve_error: [
    [
      "http_custom_errors",
      members({
        content: text,
        asset_name: text,
        "content_type*": contentType,
        status_code: fc.integer({ min: 400, max: 999 }),
      }),
    ],
  ],
};
