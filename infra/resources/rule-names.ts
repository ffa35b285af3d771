/**
 * How Cloudflare's API names the members of a rule, by the name that the SDK gives them. The SDK's names do not follow
 * from the API's: `status_code_ttl` is `statusCodeTtls`, `include` is `includes` in one place and `include` in
 * another. The type of the table is made from the installed SDK: a member that is missing here, or that the SDK does
 * not have, does not compile.
 */
import type { input } from "@pulumi/cloudflare/types/index.js";
import type { Unwrap } from "@pulumi/pulumi";

/** The API's name of a member whose value is passed as it is, or of one that has members itself. */
type Name = string | { readonly api: string; readonly members: Names } | KeyedName;

/** A member whose keys are data (names of headers): they stay as they are, each value has members. */
interface KeyedName {
  readonly api: string;
  readonly each: Names;
}

/** Names of the API, by the names of the SDK. */
export interface Names {
  readonly [sdk: string]: Name;
}

type Scalar = string | number | boolean;
type NamesOf<T> = { readonly [Member in keyof Required<T>]: NameOf<NonNullable<T[Member]>> };
type NameOf<V> = V extends Scalar | readonly Scalar[] | Readonly<Record<string, readonly Scalar[]>>
  ? string
  : V extends readonly (infer Item)[]
    ? { readonly api: string; readonly members: NamesOf<Item> }
    : string extends keyof V
      ? { readonly api: string; readonly each: NamesOf<V[string & keyof V]> }
      : { readonly api: string; readonly members: NamesOf<V> };

const directive = { cloudflareOnly: "cloudflare_only", operation: "operation" } as const;
const qualified = { ...directive, qualifiers: "qualifiers" } as const;
const timed = { ...directive, value: "value" } as const;
const logged = { name: "name" } as const;
const loggedWithDuplicates = { ...logged, preserveDuplicates: "preserve_duplicates" } as const;
const valueOrExpression = { expression: "expression", value: "value" } as const;
const override = { action: "action", enabled: "enabled", sensitivityLevel: "sensitivity_level" } as const;
const present = { checkPresences: "check_presence", includes: "include" } as const;
const queryNames = { all: "all", lists: "list" } as const;

const cacheKey = {
  cacheByDeviceType: "cache_by_device_type",
  cacheDeceptionArmor: "cache_deception_armor",
  customKey: {
    api: "custom_key",
    members: {
      cookie: { api: "cookie", members: present },
      header: { api: "header", members: { ...present, contains: "contains", excludeOrigin: "exclude_origin" } },
      host: { api: "host", members: { resolved: "resolved" } },
      queryString: {
        api: "query_string",
        members: {
          exclude: { api: "exclude", members: queryNames },
          include: { api: "include", members: queryNames },
        },
      },
      user: { api: "user", members: { deviceType: "device_type", geo: "geo", lang: "lang" } },
    },
  },
  ignoreQueryStringsOrder: "ignore_query_strings_order",
} as const;

const edgeTtl = {
  default: "default",
  mode: "mode",
  statusCodeTtls: {
    api: "status_code_ttl",
    members: {
      statusCode: "status_code",
      statusCodeRange: { api: "status_code_range", members: { from: "from", to: "to" } },
      value: "value",
    },
  },
} as const;

const actionParameters = {
  additionalCacheablePorts: "additional_cacheable_ports",
  algorithms: { api: "algorithms", members: { name: "name" } },
  assetName: "asset_name",
  automaticHttpsRewrites: "automatic_https_rewrites",
  autominify: { api: "autominify", members: { css: "css", html: "html", js: "js" } },

  bic: "bic",
  browserTtl: { api: "browser_ttl", members: { default: "default", mode: "mode" } },
  cache: "cache",
  cacheKey: { api: "cache_key", members: cacheKey },
  cacheReserve: {
    api: "cache_reserve",
    members: { eligible: "eligible", minimumFileSize: "minimum_file_size" },
  },
  content: "content",
  contentConverter: "content_converter",
  contentType: "content_type",
  cookieFields: { api: "cookie_fields", members: logged },
  disableApps: "disable_apps",
  disableRum: "disable_rum",
  disableZaraz: "disable_zaraz",
  edgeTtl: { api: "edge_ttl", members: edgeTtl },
  emailObfuscation: "email_obfuscation",
  expression: "expression",
  fonts: "fonts",
  fromList: { api: "from_list", members: { key: "key", name: "name" } },
  fromValue: {
    api: "from_value",
    members: {
      preserveQueryString: "preserve_query_string",
      statusCode: "status_code",
      targetUrl: { api: "target_url", members: valueOrExpression },
    },
  },
  headers: { api: "headers", each: { ...valueOrExpression, operation: "operation" } },
  hostHeader: "host_header",
  hotlinkProtection: "hotlink_protection",
  id: "id",
  immutable: { api: "immutable", members: directive },
  increment: "increment",
  matchedData: { api: "matched_data", members: { publicKey: "public_key" } },
  maxAge: { api: "max-age", members: timed },
  mirage: "mirage",
  mustRevalidate: { api: "must-revalidate", members: directive },
  mustUnderstand: { api: "must-understand", members: directive },
  noCache: { api: "no-cache", members: qualified },
  noStore: { api: "no-store", members: directive },
  noTransform: { api: "no-transform", members: directive },
  operation: "operation",
  opportunisticEncryption: "opportunistic_encryption",
  origin: { api: "origin", members: { host: "host", port: "port" } },
  originCacheControl: "origin_cache_control",
  originErrorPagePassthru: "origin_error_page_passthru",
  originRangeRequests: { api: "origin_range_requests", members: { mode: "mode" } },
  overrides: {
    api: "overrides",
    members: {
      ...override,
      categories: { api: "categories", members: { ...override, category: "category" } },
      rules: { api: "rules", members: { ...override, id: "id", scoreThreshold: "score_threshold" } },
    },
  },
  phases: "phases",
  polish: "polish",
  private: { api: "private", members: qualified },
  products: "products",
  proxyRevalidate: { api: "proxy-revalidate", members: directive },
  public: { api: "public", members: directive },
  rawResponseFields: { api: "raw_response_fields", members: loggedWithDuplicates },
  readTimeout: "read_timeout",
  redirectsForAiTraining: "redirects_for_ai_training",
  requestBodyBuffering: "request_body_buffering",
  requestFields: { api: "request_fields", members: logged },
  respectStrongEtags: "respect_strong_etags",
  response: {
    api: "response",
    members: { content: "content", contentType: "content_type", statusCode: "status_code" },
  },
  responseBodyBuffering: "response_body_buffering",
  responseFields: { api: "response_fields", members: loggedWithDuplicates },
  rocketLoader: "rocket_loader",
  rules: "rules",
  ruleset: "ruleset",
  rulesets: "rulesets",
  sMaxage: { api: "s-maxage", members: timed },
  securityLevel: "security_level",
  serveStale: { api: "serve_stale", members: { disableStaleWhileUpdating: "disable_stale_while_updating" } },
  serverSideExcludes: "server_side_excludes",
  sni: { api: "sni", members: { value: "value" } },
  ssl: "ssl",
  staleIfError: { api: "stale-if-error", members: timed },
  staleWhileRevalidate: { api: "stale-while-revalidate", members: timed },
  statusCode: "status_code",
  stripEtags: "strip_etags",
  stripLastModified: "strip_last_modified",
  stripSetCookie: "strip_set_cookie",
  sxg: "sxg",
  transformedRequestFields: { api: "transformed_request_fields", members: logged },
  uri: {
    api: "uri",
    members: {
      path: { api: "path", members: valueOrExpression },
      query: { api: "query", members: valueOrExpression },
    },
  },
  values: "values",
  vary: {
    api: "vary",
    members: {
      default: { api: "default", members: { action: "action" } },
      headers: { api: "headers", each: { action: "action", languages: "languages", mediaTypes: "media_types" } },
    },
  },
} as const;

/** A rule, as `cloudflare.Ruleset` takes it. */
export const RULE_NAMES = {
  action: "action",
  actionParameters: { api: "action_parameters", members: actionParameters },
  description: "description",
  enabled: "enabled",
  exposedCredentialCheck: {
    api: "exposed_credential_check",
    members: { passwordExpression: "password_expression", usernameExpression: "username_expression" },
  },
  expression: "expression",
  id: "id",
  logging: { api: "logging", members: { enabled: "enabled" } },
  ratelimit: {
    api: "ratelimit",
    members: {
      characteristics: "characteristics",
      countingExpression: "counting_expression",
      mitigationTimeout: "mitigation_timeout",
      period: "period",
      requestsPerPeriod: "requests_per_period",
      requestsToOrigin: "requests_to_origin",
      scorePerPeriod: "score_per_period",
      scoreResponseHeaderName: "score_response_header_name",
    },
  },
  ref: "ref",
} as const satisfies NamesOf<Unwrap<input.RulesetRule>>;
