import { createEngine, FieldValueError, type RequestFacts, type Visitor, withVisitor } from "../../rules/index.ts";
import type { Zone } from "../api/state.ts";
import type { AgainRequest, Judgement } from "./again-data.ts";
import { ApiMistake } from "./api-response.ts";
import type { RecordedExchange } from "./console-data.ts";
import { ruleReadings } from "./rule-readings.ts";

/** A request that is judged: as edited, by a visitor, repeating a recorded one. */
export interface JudgedRequest {
  readonly request: AgainRequest;
  readonly visitor: Visitor;
  readonly exchange: RecordedExchange;
  /** Milliseconds since the UNIX epoch. */
  readonly at: number;
}

/** The name of the Host header, without port, and as received. */
export function hostOf({ headers }: Pick<AgainRequest, "headers">): string {
  const [, host = ""] = headers.find(([name]) => name.toLowerCase() === "host") ?? [];
  return host.replace(/:\d{1,5}$/, "");
}

/**
 * Runs a request through the rules of a zone without sending it. Its counters of rate limits are new, so that it is the
 * first request of its client. As at the edge, rules do not see its body.
 */
export function judge(zone: Zone, judged: JudgedRequest): Judgement {
  const { plan, rulesets, accountRulesets, lists } = zone;
  const facts = factsOf(zone, judged);
  const engine = createEngine({ plan, zone: rulesets, account: accountRulesets, lists });
  const { outcome, by, response, events, counts = [], undetermined } = handle(engine, facts);
  const { method, host, uri: target, scheme, headers: requestHeaders, ip: client, given } = facts;
  const { rule: _, ...exchange } = judged.exchange;
  const rules = ruleReadings(zone, {
    ...exchange,
    ...{ method, host, target, scheme, requestHeaders, client, outcome, events, counts, undetermined },
    ...(given && { given }),
    ...(by && { rule: by.ref }),
  });
  return {
    outcome,
    ...(by && { by: { ref: by.ref, phase: by.phase, action: by.action, why: by.why } }),
    ...(response && { status: response.status }),
    undetermined,
    rules,
  };
}

function handle(engine: ReturnType<typeof createEngine>, facts: RequestFacts) {
  try {
    return engine.handle(facts);
  } catch (error) {
    if (error instanceof FieldValueError) throw new ApiMistake(409, `The visitor cannot be: ${error.message}`);
    throw error;
  }
}

function factsOf(zone: Zone, { request, visitor, exchange, at }: JudgedRequest): RequestFacts {
  const { method, target, scheme, headers } = request;
  const { ray, colo } = exchange;
  const facts: RequestFacts = {
    method,
    host: hostOf(request),
    uri: target,
    version: "HTTP/1.1",
    scheme,
    headers,
    ip: "127.0.0.1",
    at,
    ...(colo !== undefined && { colo }),
    given: { "cf.ray_id": ray.slice(0, 16), "cf.zone.name": zone.name },
  };
  return withVisitor(facts, visitor);
}
