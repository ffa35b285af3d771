/**
 * Parameters of the actions `set_cache_settings`
 * (https://developers.cloudflare.com/cache/how-to/cache-rules/settings/) and `set_config`
 * (https://developers.cloudflare.com/rules/configuration-rules/settings/), at every depth: a misspelt member is
 * refused here and not ignored.
 */
import { flag, integer, list, object, oneOf, record, type Shape, text } from "../shape.ts";

const names = list(text({ min: 1 }), 100);
const flags = (words: string): Record<string, Shape> =>
  Object.fromEntries(words.split(" ").map((name) => [name, flag]));

/** At most one of the members. */
const atMostOne = (fields: Readonly<Record<string, Shape>>): Shape => {
  const shape = object(fields);
  return (value, pointer) => {
    const misfit = shape(value, pointer);
    if (misfit) return misfit;
    return Object.keys(value as object).length <= 1
      ? undefined
      : { pointer, message: `must have only one of ${Object.keys(fields).join(", ")}` };
  };
};

const seconds = integer(0, 31_536_000);
const status = integer(100, 999);
const presence = { check_presence: names, include: names };
const queryNames = atMostOne({ all: flag, list: names });
const varyAction = oneOf("bypass", "passthrough", "normalize");

const customKey = object({
  cookie: object(presence),
  header: object({ ...presence, contains: record(names, 100), exclude_origin: flag }),
  host: object({ resolved: flag }),
  query_string: atMostOne({ exclude: queryNames, include: queryNames }),
  user: object(flags("device_type geo lang")),
});

export const cacheSettings: Shape = object({
  ...flags(
    "cache origin_cache_control origin_error_page_passthru respect_strong_etags strip_etags strip_last_modified strip_set_cookie",
  ),
  additional_cacheable_ports: list(integer(1, 65_535), 100),
  browser_ttl: object({
    default: seconds,
    "mode*": oneOf("respect_origin", "bypass_by_default", "override_origin", "bypass"),
  }),
  cache_key: object({
    ...flags("cache_by_device_type cache_deception_armor ignore_query_strings_order"),
    custom_key: customKey,
  }),
  cache_reserve: object({ "eligible*": flag, minimum_file_size: integer() }),
  edge_ttl: object({
    default: seconds,
    "mode*": oneOf("respect_origin", "bypass_by_default", "override_origin"),
    status_code_ttl: list(
      object({
        status_code: status,
        status_code_range: object({ from: status, to: status }),
        // -1: no-store, 0: no-cache
        "value*": integer(-1, 31_536_000),
      }),
      100,
    ),
  }),
  // the values of this one are not documented yet
  origin_range_requests: object({ "mode*": text({ min: 1 }) }),
  read_timeout: integer(100, 6000),
  serve_stale: object({ disable_stale_while_updating: flag }),
  shared_dictionary: object({ "match_pattern*": text({ min: 1, max: 1024 }) }),
  vary: object({
    default: object({ "action*": varyAction }),
    headers: record(
      object({
        "action*": varyAction,
        languages: list(text({ min: 1, max: 64 }), 20),
        media_types: list(text({ min: 1, max: 255 }), 10),
      }),
      50,
    ),
  }),
});

export const configSettings: Shape = object({
  ...flags(
    "automatic_https_rewrites bic content_converter disable_apps disable_pay_per_crawl disable_rum disable_zaraz email_obfuscation fonts hotlink_protection mirage opportunistic_encryption redirects_for_ai_training rocket_loader server_side_excludes sxg",
  ),
  autominify: object(flags("css html js")),
  polish: oneOf("off", "lossless", "lossy", "webp"),
  request_body_buffering: oneOf("none", "standard", "full"),
  response_body_buffering: oneOf("none", "standard"),
  security_level: oneOf("off", "essentially_off", "low", "medium", "high", "under_attack"),
  ssl: oneOf("off", "flexible", "full", "strict", "origin_pull"),
});
