import type { FieldValue, RequestFacts } from "../../rules/index.ts";
import type { RequestRecord, RequestTrace } from "../edge/index.ts";
import type { ExchangeSummary, RecordedBodies, RecordedExchange, RecordedHeaders } from "./console-data.ts";
import { Masker } from "./masker.ts";
import { recordedBody } from "./recorded-body.ts";
import type { SecretNames } from "./secret-names.ts";

/** Makes the record of an exchange out of what passed the edge, and masks its secrets. */
export function recordExchange(
  seq: number,
  record: RequestRecord,
  trace: RequestTrace,
  names: SecretNames,
): { readonly exchange: RecordedExchange; readonly bodies: RecordedBodies } {
  const masker = new Masker(names);
  const masked = (lines: RecordedHeaders) =>
    lines.map(([name, value]): readonly [string, string] => [name, masker.header(name, value)]);
  // with those that a visitor has by `Local-Visitor`: what the rules saw
  const requestHeaders = masked(trace.facts?.headers ?? trace.headers);
  const forwardedHeaders = trace.forwarded && masked(trace.forwarded);
  const responseHeaders = masked(trace.responseHeaders);
  const target = masker.url(trace.facts?.uri ?? trace.target);
  const bodies = {
    request: recordedBody(trace.requestBody, trace.headers, masker),
    response: recordedBody(trace.responseBody, trace.responseHeaders, masker),
  };
  const { verdict, failure } = record;
  const { facts, forwardedMs, respondedMs } = trace;
  const exchange: RecordedExchange = {
    ...summaryOf(seq, record, masker.url(record.path)),
    ...(facts && { version: facts.version, ...givenOf(facts.given), ...(facts.colo && { colo: facts.colo }) }),
    totalMs: rounded(trace.elapsedMs()),
    ...(forwardedMs !== undefined && { edgeMs: rounded(forwardedMs) }),
    ...(forwardedMs !== undefined && respondedMs !== undefined && { originMs: rounded(respondedMs - forwardedMs) }),
    ...(trace.repeats !== undefined && { repeats: trace.repeats }),
    target,
    scheme: trace.scheme,
    events: (verdict?.events ?? []).map((event) => ({ ...event, why: masker.about(event.why) })),
    counts: verdict?.counts ?? [],
    undetermined: verdict?.undetermined ?? [],
    ...(failure && { failure: { code: failure.code, message: masker.about(failure.message) } }),
    requestHeaders,
    ...(forwardedHeaders && { forwardedHeaders }),
    responseHeaders,
    requestBytes: trace.requestBody.bytes,
    responseBytes: trace.responseBody.bytes,
  };
  return { exchange, bodies };
}

function summaryOf(seq: number, record: RequestRecord, path: string): Omit<ExchangeSummary, "totalMs"> {
  const { ray, time, method, host, status, verdict, client } = record;
  return {
    seq,
    ray,
    time,
    method,
    host,
    path,
    status,
    outcome: verdict?.outcome ?? "none",
    ...(verdict?.by && { rule: verdict.by.ref }),
    client,
  };
}

/** What the visitor was taken for, and its country as a member of its own. */
function givenOf(given: RequestFacts["given"] = {}): Pick<RecordedExchange, "given" | "country"> {
  const country = given["ip.src.country"];
  const values = Object.entries(given).map(([name, value]) => [name, jsonValue(value)] as const);
  return { given: Object.fromEntries(values), ...(typeof country === "string" && { country }) };
}

/** A value as JSON has it. */
function jsonValue(value: FieldValue): FieldValue {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(jsonValue);
  const members = value instanceof Map ? [...value] : Object.entries(value as Record<string, FieldValue>);
  return Object.fromEntries(members.map(([name, one]: [string, FieldValue]) => [name, jsonValue(one)]));
}

const rounded = (milliseconds: number): number => Math.round(milliseconds * 100) / 100;
