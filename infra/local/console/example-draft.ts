import {
  type Example,
  type ExampleRequest,
  exampleRequests,
  type FieldValue,
  fromBytes,
  printRequest,
  type RequestFacts,
  type Visitors,
} from "../../rules/index.ts";
import { isMade } from "./again-draft.ts";
import type { RecordedExchange } from "./console-data.ts";
import { recordedFacts, recordedVisitor } from "./recorded-facts.ts";
import { targetWithoutSecrets, withoutSecrets } from "./without-secrets.ts";

/** What an example is made of. */
export interface ExampleSource {
  readonly exchange: RecordedExchange;
  /** The site's first hostname. */
  readonly hostname: string;
  readonly visitors: Visitors;
  /** Name of the visitor that sends the example. */
  readonly visitor: string;
}

/** An example of a recorded request. */
export interface ExampleDraft {
  readonly example: Example;
  /** The request that it stands for. */
  readonly facts: RequestFacts;
  /** Whether the rules see in it what they saw in the recorded request. */
  readonly isFaithful: boolean;
}

/** Why there is no example of a request. */
export class NoExample extends Error {}

/** Headers that carry addresses, or that the edge sets. */
const NEVER =
  /^(?:host|cf-.*|x-forwarded-.*|forwarded|via|x-real-ip|true-client-ip|client-ip|x-client-ip|cdn-loop|local-visitor|__proto__)$/i;
/** Headers and fields that are tried: the time grows with their square, and clients send any number. */
const MAX_PARTS = 150;
/** Fields that place a person or a device. */
const PLACES = /^ip\.src\.(?:city|postal_code|metro_code|lat|lon|region.*|subdivision.*|timezone.*)$|ja3|ja4/;

/**
 * Makes the shortest example in which `see` returns the same as for the recorded request: with as few headers and
 * fields as that takes, without secrets and addresses of clients. Throws `NoExample` where no notation has the request.
 */
export function exampleOf(source: ExampleSource, see: (facts: RequestFacts) => string): ExampleDraft {
  const { exchange } = source;
  const wanted = see(recordedFacts(exchange));
  const parts = partsOf(exchange);
  const draftOf = (kept: readonly ExamplePart[]) => {
    const example = writtenExample(source, kept);
    const facts = factsOf(example, source);
    return { example, facts, isFaithful: see(facts) === wanted };
  };
  const least = draftOf([]);
  if (least.isFaithful) return least;
  let kept = parts;
  let best = draftOf(kept);
  if (!best.isFaithful) return least;
  for (const part of parts) {
    const fewer = kept.filter((one) => one !== part);
    const draft = draftOf(fewer);
    if (draft.isFaithful) [kept, best] = [fewer, draft];
  }
  return best;
}

/** A header or a field in which an example may differ from its visitor. */
type ExamplePart =
  | { readonly kind: "header"; readonly name: string; readonly value: string }
  | { readonly kind: "field"; readonly name: string; readonly value: FieldValue };

function partsOf(exchange: RecordedExchange): readonly ExamplePart[] {
  const headers = new Map<string, ExamplePart>();
  for (const [name, value] of exchange.requestHeaders) {
    const text = fromBytes(value);
    if (NEVER.test(name) || isMade(name, value) || text === undefined) continue;
    headers.set(name.toLowerCase(), { kind: "header", name, value: withoutSecrets(text) });
  }
  // a visitor of the policy has one
  if (!headers.has("user-agent")) headers.set("user-agent", { kind: "header", name: "User-Agent", value: "" });
  const fields = Object.entries(recordedVisitor(exchange).fields ?? {})
    .filter(([name]) => !PLACES.test(name))
    .map(([name, value]): ExamplePart => {
      return { kind: "field", name, value: typeof value === "string" ? withoutSecrets(value) : value };
    });
  return [...fields, ...headers.values()].slice(0, MAX_PARTS);
}

function writtenExample({ exchange, hostname, visitor }: ExampleSource, parts: readonly ExamplePart[]): Example {
  const { method, scheme, host } = exchange;
  const target = fromBytes(exchange.target);
  if (target === undefined) throw new NoExample("The target has bytes that are no text.");
  if (/\{host\}/i.test(target)) throw new NoExample("The target has {host}, which examples replace by the hostname.");
  const isSite = host.toLowerCase() === hostname;
  const authority = isSite ? "{host}" : withoutSecrets(host);
  const place = isSite && scheme === "https" ? "" : `${scheme}://${authority}`;
  const request = `${method} ${place}${targetWithoutSecrets(target)}`;
  const headers = parts.flatMap((part) => (part.kind === "header" ? [[part.name, part.value]] : []));
  const fields = parts.flatMap((part) => (part.kind === "field" ? [[part.name, part.value]] : []));
  if (headers.length + fields.length === 0 && visitor === "ordinary") return request;
  return {
    request,
    ...(visitor !== "ordinary" && { visitor }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    ...(fields.length > 0 && { given: Object.fromEntries(fields) }),
  };
}

/** The request of an example. Throws `NoExample` where it is not the one that is meant. */
function factsOf(example: Example, { exchange, hostname, visitors }: ExampleSource): RequestFacts {
  const read = exampleRequests(example, { host: hostname, visitors });
  if (!read.ok) throw new NoExample(`No example can say this request: ${read.message}.`);
  const [facts, ...more] = read.requests;
  const meant = targetWithoutSecrets(fromBytes(exchange.target) ?? "");
  if (!facts || more.length > 0 || facts.method !== exchange.method || fromBytes(facts.uri) !== meant) {
    throw new NoExample("No example can say this request: its target has characters that divide words.");
  }
  return facts;
}

/** The example as the request of a story's step: one line. Undefined where no line has it. */
export function lineOfExample(example: Example, hostname: string, visitors: Visitors): string | undefined {
  if (typeof example === "string") return example;
  const { visitor, ...written } = example;
  if (Object.keys(written).length === 1) return example.request;
  const own = { ...written, request: example.request } satisfies ExampleRequest;
  const read = exampleRequests(own, { host: hostname, visitors: { ordinary: {} } });
  const [facts] = read.ok ? read.requests : [];
  if (!facts) return undefined;
  const headers = facts.headers.filter(([name]) => Object.hasOwn(written.headers ?? {}, name));
  const { given: _, ...rest } = facts;
  const given = Object.entries(facts.given ?? {}).filter(([name]) => Object.hasOwn(written.given ?? {}, name));
  const { ip = rest.ip } = visitors[visitor ?? "ordinary"] ?? {};
  return printRequest(
    { ...rest, ip, headers, ...(given.length > 0 && { given: Object.fromEntries(given) }) },
    { host: hostname, ip, version: "HTTP/2" },
  );
}
