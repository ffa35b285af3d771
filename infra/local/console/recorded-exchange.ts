import type { FieldValue, RateCount, RequestFacts, RuleEvent, Verdict } from "../../rules/index.ts";
import type { EdgeFailure, RequestRecord, RequestTrace } from "../edge/index.ts";
import { Masker } from "./masker.ts";
import { type RecordedBody, recordedBody } from "./recorded-body.ts";
import type { SecretNames } from "./secret-names.ts";

/** Header lines as byte strings, in the order and case in which they came. */
type RecordedHeaders = readonly (readonly [name: string, value: string])[];

/** What lists of requests show. */
export interface ExchangeSummary {
  /** Number in this run, from 1. */
  readonly seq: number;
  /** CF-Ray. */
  readonly ray: string;
  /** When it arrived, milliseconds since the UNIX epoch. */
  readonly time: number;
  /** Empty where the request was too malformed to have one; likewise host and path. */
  readonly method: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Status of the response; 101 for a WebSocket that was open, 499 where the client left first. */
  readonly status: number;
  /** What the rules decided; `none` where no rule saw the request. */
  readonly outcome: Verdict["outcome"] | "none";
  /** The rule that decided, where one did. */
  readonly rule?: string;
  /** Address of the client. */
  readonly client: string;
  readonly country?: string;
  /** Milliseconds until the whole response was sent, or the WebSocket was closed. */
  readonly totalMs: number;
  /** Milliseconds until the request was sent into the tunnel; absent where it was not. */
  readonly edgeMs?: number;
  /** Milliseconds from then until the head of the origin's response; the gateway's are among them. */
  readonly originMs?: number;
}

/** One request and its response without secrets: a line of the record. Texts of clients are byte strings. */
export interface RecordedExchange extends ExchangeSummary {
  /** The request target with its query. */
  readonly target: string;
  readonly scheme: "http" | "https";
  /** HTTP version; absent where the request could not be read. */
  readonly version?: string;
  /** Fields of the visitor that only Cloudflare computes, as the rules had them. */
  readonly given?: Readonly<Record<string, FieldValue>>;
  readonly colo?: string;
  /** Every rule that matched, in order. */
  readonly events: readonly RuleEvent[];
  /** What the request did to the counters of rate limits. */
  readonly counts: readonly RateCount[];
  /** Fields that the verdict depends on and that were not given. */
  readonly undetermined: readonly string[];
  readonly failure?: EdgeFailure;
  readonly requestHeaders: RecordedHeaders;
  /** What the origin got; absent where the request did not reach it. */
  readonly forwardedHeaders?: RecordedHeaders;
  readonly responseHeaders: RecordedHeaders;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** The bodies of an exchange, without secrets. */
export interface RecordedBodies {
  readonly request: RecordedBody;
  readonly response: RecordedBody;
}

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
  const requestHeaders = masked(trace.headers);
  const forwardedHeaders = trace.forwarded && masked(trace.forwarded);
  const responseHeaders = masked(trace.responseHeaders);
  const target = masker.url(trace.target);
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
