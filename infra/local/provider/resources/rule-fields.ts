/** The rules of a ruleset and their action parameters, by the names of the provider's RulesetRule types. */
import { flag, number, type ResourceField, type ResourceFields, text, texts } from "../fields.ts";

const object = (fields: ResourceFields, more: Partial<ResourceField> = {}): ResourceField => ({
  kind: { object: fields },
  ...more,
});
const list = (fields: ResourceFields, apiName?: string): ResourceField => ({
  kind: { list: { object: fields } },
  ...(apiName === undefined ? {} : { apiName }),
});
/** A list whose name is plural here and singular in the API. */
const named = (apiName: string): ResourceField => ({ ...texts, apiName });
/** Directives of Cache-Control, which the API spells as the header does: `max-age` is `maxAge` here. */
const cacheControl = (field: ResourceField, directives: string): ResourceFields =>
  Object.fromEntries(
    directives
      .split(" ")
      .map((apiName) => [
        apiName.replace(/-(.)/g, (_, initial: string) => initial.toUpperCase()),
        { ...field, apiName },
      ]),
  );
const all = (field: ResourceField, names: string): ResourceFields =>
  Object.fromEntries(names.split(" ").map((name) => [name, field]));
const required = (field: ResourceField): ResourceField => ({ ...field, required: true });

const valueOrExpression = object({ value: text, expression: text });
const directive = object({ operation: required(text), cloudflareOnly: flag });
const qualified = object({ operation: required(text), cloudflareOnly: flag, qualifiers: texts });
const timed = object({ operation: required(text), cloudflareOnly: flag, value: number });
const override = { action: text, enabled: flag, sensitivityLevel: text };
const presence = { checkPresences: named("check_presence"), includes: named("include") };
const queryList = object({ all: flag, lists: named("list") });
const logField = { name: required(text) };
const logFieldWithDuplicates = { ...logField, preserveDuplicates: flag };

const cacheKey = object({
  ...all(flag, "cacheByDeviceType cacheDeceptionArmor ignoreQueryStringsOrder"),
  customKey: object({
    cookie: object(presence),
    header: object({ ...presence, contains: { kind: { record: { list: "text" } } }, excludeOrigin: flag }),
    host: object({ resolved: flag }),
    queryString: object({ exclude: queryList, include: queryList }),
    user: object(all(flag, "deviceType geo lang")),
  }),
});

const edgeTtl = object({
  default: number,
  mode: required(text),
  statusCodeTtls: list(
    { statusCode: number, statusCodeRange: object({ from: number, to: number }), value: required(number) },
    "status_code_ttl",
  ),
});

const actionParameters: ResourceFields = {
  ...all(
    flag,
    "automaticHttpsRewrites bic cache contentConverter disableApps disableRum disableZaraz emailObfuscation fonts " +
      "hotlinkProtection mirage opportunisticEncryption originCacheControl originErrorPagePassthru " +
      "redirectsForAiTraining respectStrongEtags rocketLoader serverSideExcludes stripEtags stripLastModified " +
      "stripSetCookie sxg",
  ),
  ...all(
    text,
    "assetName content contentType expression hostHeader id operation polish requestBodyBuffering " +
      "responseBodyBuffering ruleset securityLevel ssl",
  ),
  ...all(number, "increment readTimeout statusCode"),
  ...all(texts, "phases products rulesets values"),
  ...cacheControl(directive, "immutable must-revalidate must-understand no-store no-transform proxy-revalidate public"),
  ...cacheControl(qualified, "no-cache private"),
  ...cacheControl(timed, "max-age s-maxage stale-if-error stale-while-revalidate"),
  ...all(list(logField), "cookieFields requestFields transformedRequestFields"),
  ...all(list(logFieldWithDuplicates), "rawResponseFields responseFields"),
  additionalCacheablePorts: { kind: { list: "number" } },
  algorithms: list({ name: text }),
  autominify: object(all(flag, "css html js")),
  browserTtl: object({ default: number, mode: required(text) }),
  cacheKey,
  cacheReserve: object({ eligible: required(flag), minimumFileSize: number }),
  edgeTtl,
  fromList: object({ key: required(text), name: required(text) }),
  fromValue: object({ preserveQueryString: flag, statusCode: number, targetUrl: required(valueOrExpression) }),
  headers: { kind: { record: { object: { operation: required(text), value: text, expression: text } } } },
  matchedData: object({ publicKey: required(text) }),
  origin: object({ host: text, port: number }),
  originRangeRequests: object({ mode: required(text) }),
  overrides: object({
    ...override,
    categories: list({ ...override, category: required(text) }),
    rules: list({ ...override, id: required(text), scoreThreshold: number }),
  }),
  response: object({ content: required(text), contentType: required(text), statusCode: required(number) }),
  rules: { kind: { record: { list: "text" } } },
  serveStale: object({ disableStaleWhileUpdating: flag }),
  sni: object({ value: required(text) }),
  uri: object({ path: valueOrExpression, query: valueOrExpression }),
  vary: object({
    default: required(object({ action: required(text) })),
    headers: { kind: { record: { object: { action: required(text), languages: texts, mediaTypes: texts } } } },
  }),
};

/** A rule without action parameters still carries an empty object, as the real provider sends it. */
export const ruleFields: ResourceFields = {
  action: required(text),
  actionParameters: object(actionParameters, { initial: {} }),
  description: { ...text, initial: "" },
  enabled: { ...flag, initial: true },
  exposedCredentialCheck: object({ passwordExpression: required(text), usernameExpression: required(text) }),
  expression: required(text),
  id: { ...text, computed: "optional" },
  logging: object({ enabled: flag }),
  ratelimit: object({
    characteristics: { ...texts, required: true },
    countingExpression: text,
    mitigationTimeout: { ...number, computed: "optional" },
    period: required(number),
    requestsPerPeriod: number,
    requestsToOrigin: { ...flag, initial: false },
    scorePerPeriod: number,
    scoreResponseHeaderName: text,
  }),
  ref: { ...text, computed: "optional" },
};
