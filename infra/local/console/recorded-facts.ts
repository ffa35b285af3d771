import {
  type FieldValue,
  fromBytes,
  knownVisitor,
  type RequestFacts,
  type Visitor,
  type Visitors,
  visitorName,
} from "../../rules/index.ts";
import type { RecordedExchange } from "./console-data.ts";

/** The request as the rules saw it, with its secrets masked. */
export function recordedFacts(exchange: RecordedExchange): RequestFacts {
  const { method, host, target, version, scheme, requestHeaders, client, time, colo, given } = exchange;
  return {
    method,
    host,
    uri: target,
    version: version === "HTTP/1.0" ? "HTTP/1.0" : "HTTP/1.1",
    scheme,
    headers: requestHeaders,
    ip: client,
    at: time,
    ...(colo !== undefined && { colo }),
    ...(given && { given }),
  };
}

/** The visitor of a recorded request. Its headers are among those of the request. */
export function recordedVisitor({ client, given = {} }: Pick<RecordedExchange, "client" | "given">): Visitor {
  const known = Object.entries(given).filter(([name]) => name !== "cf.ray_id" && visitorName(name) !== undefined);
  const fields = Object.fromEntries(known.map(([name, value]) => [name, textOf(value)]));
  return { ip: client, ...(known.length > 0 && { fields }) };
}

/** The name in `visitors.ts` of the sender, where one has its address and all that only Cloudflare knows. */
export function visitorNameOf(exchange: RecordedExchange, visitors: Visitors): string | undefined {
  const recorded = recordedVisitor(exchange);
  return Object.keys(visitors).find((name) => {
    const known = knownVisitor(visitors, name);
    return known?.ip === recorded.ip && comparable(known?.fields) === comparable(recorded.fields);
  });
}

const comparable = (fields: object = {}): string =>
  JSON.stringify(Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1)));

/** A value of byte strings with its texts as ordinary texts. */
function textOf(value: FieldValue): FieldValue {
  if (typeof value === "string") return fromBytes(value) ?? value;
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(textOf);
  const members = value instanceof Map ? [...value] : Object.entries(value as Record<string, FieldValue>);
  return Object.fromEntries(members.map(([name, one]: [string, FieldValue]) => [textOf(name), textOf(one)]));
}
