/**
 * Parameters of cache rules (https://developers.cloudflare.com/cache/how-to/cache-rules/settings/), cache response
 * rules (https://developers.cloudflare.com/cache/how-to/cache-response-rules/settings/) and configuration rules
 * (https://developers.cloudflare.com/rules/configuration-rules/settings/), at every depth, as of 2026-11-29.
 */
import { flag, flags, integer, list, object, oneOf, record, text } from "./shape.ts";

const names = list(text({ min: 1 }), 100);
const seconds = integer(0, 31_536_000);
const status = integer(100, 999);
const presence = { check_presence: names, include: names };
const queryNames = object({ all: flag, list: names }, "at most one");
const varyAction = oneOf("bypass", "passthrough", "normalize");

const customKey = object({
  cookie: object(presence),
  header: object({ ...presence, contains: record(names, 100), exclude_origin: flag }),
  host: object({ resolved: flag }),
  query_string: object({ exclude: queryNames, include: queryNames }, "at most one"),
  user: object(flags("device_type geo lang")),
});

const strip = flags("strip_etags strip_last_modified strip_set_cookie");

/** What a cache response rule may strip before the response is stored. */
export const stripSettings = object(strip, "at least one");

export const cacheSettings = object(
  {
    ...flags("cache origin_cache_control origin_error_page_passthru respect_strong_etags"),
    ...strip,
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
  },
  "at least one",
);

const directive = { "operation*": oneOf("set", "remove"), cloudflare_only: flag };
const plain = object(directive);
const timed = object({ ...directive, value: integer() });
const qualified = object({ ...directive, qualifiers: list(text({ min: 1 }), 100, 0) });

/** Directives of `Cache-Control` that a cache response rule changes. */
export const cacheControl = object(
  {
    immutable: plain,
    "max-age": timed,
    "must-revalidate": plain,
    "must-understand": plain,
    "no-cache": qualified,
    "no-store": plain,
    "no-transform": plain,
    private: qualified,
    "proxy-revalidate": plain,
    public: plain,
    "s-maxage": timed,
    "stale-if-error": timed,
    "stale-while-revalidate": timed,
  },
  "at least one",
);

export const configSettings = object(
  {
    ...flags(
      "automatic_https_rewrites bic content_converter disable_apps disable_pay_per_crawl disable_rum disable_zaraz " +
        "email_obfuscation fonts hotlink_protection mirage opportunistic_encryption redirects_for_ai_training " +
        "rocket_loader server_side_excludes sxg",
    ),
    autominify: object(flags("css html js")),
    polish: oneOf("off", "lossless", "lossy", "webp"),
    request_body_buffering: oneOf("none", "standard", "full"),
    response_body_buffering: oneOf("none", "standard"),
    security_level: oneOf("off", "essentially_off", "low", "medium", "high", "under_attack"),
    ssl: oneOf("off", "flexible", "full", "strict", "origin_pull"),
  },
  "at least one",
);
