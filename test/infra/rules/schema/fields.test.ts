import { expect, test } from "@jest/globals";
import {
  type CompileOptions,
  compile,
  compileValue,
  FIELDS,
  includesPlan,
  PLANS,
  requestFields,
  SCHEMA,
  typeName,
} from "../../../../infra/rules/index.ts";
import { request } from "../request.ts";

const codes = (text: string, where: CompileOptions = {}): readonly string[] => {
  const compiled = compile(text, where);
  return compiled.ok ? [] : compiled.diagnostics.map(({ code }) => code);
};

test.each([
  ["cf.edge.client_port", "Integer"],
  ["cf.fraud.email_risk", "String"],
  ["cf.fraud_detection.disposable_email", "Boolean"],
  ["cf.intel.ip.datasets", "Array<String>"],
  ["cf.llm.prompt.custom_topic_categories", "Map<Integer>"],
  ["cf.llm.prompt.token_count", "Integer"],
  ["cf.sequence.current_op", "String"],
  ["cf.sequence.msec_since_op", "Map<Integer>"],
  ["cf.sequence.previous_ops", "Array<String>"],
  ["cf.tls_client_ciphers_sha1", "String"],
  ["cf.waf.signature.request.categories", "Array<String>"],
  ["cf.waf.signature.request.confidence", "Array<String>"],
  ["cf.waf.signature.request.refs", "Array<String>"],
  ["raw.http.request.headers", "Map<Array<String>>"],
  ["raw.http.request.headers.names", "Array<String>"],
  ["raw.http.request.headers.values", "Array<String>"],
])("R1: the field %s is known as %s", (name, type) => {
  const field = SCHEMA.fields.get(name);
  expect(field && typeName(field.type)).toBe(type);
});

test("R1: expressions of the documentation on fields that were unknown are right", () => {
  expect(codes('any(cf.waf.signature.request.categories[*] eq "sqli")')).toEqual([]);
  expect(codes('cf.sequence.current_op eq "b" and cf.sequence.msec_since_op["a"] ge 2000')).toEqual([]);
  expect(codes('cf.sequence.previous_ops[0] == "b"', { phase: "http_request_transform" })).toEqual(["field-phase"]);
  expect(codes('cf.llm.prompt.custom_topic_categories["a"] lt 30', { plan: "business" })).toEqual(["field-plan"]);
});

test("R1: the raw headers of a request are its headers", () => {
  const fields = requestFields(request);
  const read = (name: string) => fields.read(SCHEMA.fields.get(name)?.slot ?? -1);
  expect(read("raw.http.request.headers")).toEqual(read("http.request.headers"));
  expect(read("raw.http.request.headers.names")).toEqual(["User-Agent", "Cookie"]);
  expect(read("raw.http.request.headers.values")).toEqual(read("http.request.headers.values"));
});

test.each([
  [["fr-CH, fr;q=0.8, en;q=0.9, de;q=0.7, *;q=0.5"], ["fr-CH", "en", "fr", "de"]],
  [
    ["da, en-gb;Q=0.8", "en ; level=1 ; q=0.7"],
    ["da", "en-gb", "en"],
  ],
  [["en;q=none, de"], ["en", "de"]],
  [[" , *"], []],
  [[], []],
])("R1: languages of Accept-Language %j are %j, from the request alone", (lines, expected) => {
  const headers = lines.map((line): [string, string] => ["Accept-Language", line]);
  const slot = SCHEMA.fields.get("http.request.accepted_languages")?.slot ?? -1;
  expect(requestFields({ ...request, headers }).read(slot)).toEqual(expected);
});

test("R1: languages can be used in every transform phase and in no other", () => {
  const text = 'any(http.request.accepted_languages[*] eq "fr")';
  expect(codes(text, { phase: "http_request_transform" })).toEqual([]);
  expect(codes(text, { phase: "http_request_late_transform" })).toEqual([]);
  expect(codes(text, { phase: "http_response_headers_transform" })).toEqual([]);
  expect(codes(text, { phase: "http_request_firewall_custom" })).toEqual(["field-phase"]);
});

test.each(["is_in_european_union", "subdivision_1_iso_code", "subdivision_2_iso_code"])(
  "R4: ip.geoip.%s needs Business, as the name that replaced it does",
  (name) => {
    const plans = (full: string) => PLANS.filter((plan) => includesPlan(plan, SCHEMA.fields.get(full)?.plan ?? "free"));
    expect(plans(`ip.geoip.${name}`)).toEqual(["business", "enterprise"]);
    expect(plans(`ip.src.${name}`)).toEqual(["business", "enterprise"]);
    const text = name.startsWith("is") ? `ip.geoip.${name}` : `ip.geoip.${name} eq "GB-ENG"`;
    expect(codes(text, { plan: "pro" })).toEqual(["field-plan"]);
    expect(codes(text, { plan: "business" })).toEqual([]);
  },
);

test("R4: the name of a time zone can stand in a value that a transform rule writes, and nowhere else", () => {
  const condition = 'ip.src.timezone.name eq "America/Chicago"';
  expect(codes(condition, { phase: "http_request_firewall_custom" })).toEqual(["field-phase"]);
  expect(codes(condition, { phase: "http_request_transform" })).toEqual(["field-phase"]);
  const value = 'concat("/", ip.src.timezone.name)';
  expect(compileValue(value, { phase: "http_request_transform" }).ok).toBe(true);
  expect(compileValue(value, { phase: "http_request_late_transform" }).ok).toBe(true);
  expect(compileValue(value, { phase: "http_request_dynamic_redirect" }).ok).toBe(false);
});

test.each([
  "cf.timings.edge_msec gt 1",
  "cf.timings.origin_ttfb_msec gt 1",
  "cf.timings.worker_msec gt 1",
  'cf.response.error_type eq "waf"',
  "cf.response.1xxx_code eq 1020",
])("R4: %s can be asked of a response, not in a custom rule and not in a counting expression", (text) => {
  expect(codes(text, { phase: "http_request_firewall_custom" })).toEqual(["field-phase"]);
  expect(codes(text, { phase: "http_ratelimit" })).toEqual(["field-phase"]);
  expect(codes(text, { phase: "http_ratelimit", part: "counting", plan: "enterprise" })).toEqual(["field-phase"]);
  expect(codes(text, { phase: "http_response_headers_transform" })).toEqual([]);
  expect(codes(text, { phase: "http_custom_errors" })).toEqual([]);
});

test("the table of fields is in order, and no name stands in it twice", () => {
  const names = FIELDS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)].sort());
});
