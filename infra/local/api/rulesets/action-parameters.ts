/**
 * What each action's parameters may hold (https://developers.cloudflare.com/ruleset-engine/rules-language/actions/).
 */
import type { Action } from "../../../rules/index.ts";
import { flag, integer, list, object, oneOf, record, type Shape, text } from "../shape.ts";
import { cacheSettings, configSettings } from "./settings-parameters.ts";

const id = text({ pattern: /^[0-9a-f]{32}$/, what: "an id of 32 hex digits" });
const ids = list(id, 1000);
const none = object({});

/** An object with exactly one of its members. */
const onlyOne = (fields: Readonly<Record<string, Shape>>): Shape => {
  const shape = object(fields);
  const names = Object.keys(fields).join(" or ");
  return (value, pointer) => {
    const misfit = shape(value, pointer);
    if (misfit) return misfit;
    return Object.keys(value as object).length === 1 ? undefined : { pointer, message: `must have either ${names}` };
  };
};

/** Either a fixed value or an expression. */
const computed = onlyOne({ value: text(), expression: text({ min: 1, max: 4096 }) });

const header: Shape = (value, pointer) => {
  const misfit = object({
    "operation*": oneOf("set", "add", "remove"),
    value: text(),
    expression: text({ min: 1, max: 4096 }),
  })(value, pointer);
  if (misfit) return misfit;
  const { operation, ...content } = value as { operation: string; value?: string; expression?: string };
  const parts = Object.keys(content).length;
  if (operation === "remove")
    return parts === 0 ? undefined : { pointer, message: "remove takes neither value nor expression" };
  return parts === 1 ? undefined : { pointer, message: `${operation} takes either value or expression` };
};

const override = { action: text(), enabled: flag, sensitivity_level: oneOf("default", "medium", "low", "eoff") };

export const parameterShapes: Readonly<Partial<Record<Action, Shape>>> = {
  block: object({
    response: object({
      "status_code*": integer(400, 499),
      "content*": text({ max: 30_720 }),
      "content_type*": oneOf("application/json", "text/html", "text/plain", "text/xml"),
    }),
  }),
  challenge: none,
  js_challenge: none,
  managed_challenge: none,
  log: none,
  skip: object({
    ruleset: oneOf("current"),
    phase: oneOf("current"),
    phases: list(text(), 50),
    products: list(oneOf("bic", "hot", "rateLimit", "securityLevel", "uaBlock", "waf", "zoneLockdown"), 10),
    rulesets: list(text(), 100),
    rules: record(ids, 100),
  }),
  execute: object({
    "id*": id,
    version: text(),
    matched_data: object({ "public_key*": text({ min: 1 }) }),
    overrides: object({
      ...override,
      categories: list(object({ ...override, "category*": text({ min: 1 }) }), 1000),
      rules: list(object({ ...override, "id*": id, score_threshold: integer() }), 1000),
    }),
  }),
  redirect: onlyOne({
    from_value: object({
      "target_url*": computed,
      status_code: oneOf(301, 302, 303, 307, 308),
      preserve_query_string: flag,
    }),
    from_list: object({ "name*": text({ min: 1 }), "key*": text({ min: 1, max: 4096 }) }),
  }),
  rewrite: object({
    uri: object({ path: computed, query: computed, origin: flag }),
    headers: record(header, 100),
  }),
  route: object({
    host_header: text({ min: 1 }),
    origin: object({ host: text({ min: 1 }), port: integer(1, 65_535) }),
    sni: object({ "value*": text({ min: 1 }) }),
  }),
  set_cache_settings: cacheSettings,
  set_config: configSettings,
  serve_error: object({
    content: text({ max: 10_000 }),
    asset_name: text({ min: 1 }),
    content_type: oneOf("application/json", "text/html", "text/plain", "text/xml"),
    status_code: integer(400, 999),
  }),
};

/** Actions that say nothing without parameters. */
export const needsParameters: ReadonlySet<Action> = new Set<Action>([
  "skip",
  "execute",
  "redirect",
  "rewrite",
  "route",
  "set_cache_settings",
  "set_config",
  "serve_error",
]);
