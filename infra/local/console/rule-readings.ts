import {
  type Compiled,
  compile,
  compileLists,
  type Phase,
  type RequestFacts,
  type Rule,
  requestFields,
} from "../../rules/index.ts";
import type { Zone } from "../api/state.ts";
import type { RecordedExchange, RulePart, RuleReading } from "./console-data.ts";
import { recordedFacts } from "./recorded-facts.ts";

/** In the order in which a request passes them. */
const PHASES: readonly Phase[] = [
  "http_request_dynamic_redirect",
  "http_request_firewall_custom",
  "http_ratelimit",
  "http_request_cache_settings",
];
/** Parts that are listed of an expression. */
const MAX_PARTS = 200;

/**
 * What each rule of the zone, as it was deployed then, did with an exchange. What matched is as recorded; the others
 * are read again, of the record.
 */
export function ruleReadings(zone: Zone, exchange: RecordedExchange): readonly RuleReading[] {
  const facts = recordedFacts(exchange);
  const readings: RuleReading[] = [];
  let isDecided = false;
  for (const phase of PHASES) {
    for (const { rules } of [...zone.accountRulesets, ...zone.rulesets].filter((one) => one.phase === phase)) {
      for (const rule of rules) {
        readings.push(readingOf(rule, phase, { zone, exchange, facts, isDecided }));
        if (exchange.rule === rule.ref && exchange.outcome !== "pass") isDecided = true;
      }
    }
  }
  return readings;
}

interface Occasion {
  readonly zone: Zone;
  readonly exchange: RecordedExchange;
  readonly facts: RequestFacts;
  /** Whether an earlier rule ended the evaluation. */
  readonly isDecided: boolean;
}

function readingOf(rule: Rule, phase: Phase, { zone, exchange, facts, isDecided }: Occasion): RuleReading {
  const { expression, action, description = "", enabled = true } = rule;
  const ref = rule.ref ?? rule.id ?? "";
  const count = exchange.counts.find((one) => one.ref === ref);
  const about = { ref, phase, action, description, expression, ...(count && { count }) };
  const read = (): Pick<RuleReading, "why" | "parts"> & { readonly value?: boolean | undefined } => {
    const compiled = compiledOf(rule, zone);
    if (!compiled) return { why: "the expression cannot be read", parts: [] };
    const { value, why, parts } = compiled.read(requestFields(facts));
    return { value, why: why.replace(/\s+/g, " "), parts: parts.slice(0, MAX_PARTS).map(partOf) };
  };
  if (!enabled) return { ...about, result: "off", why: "", parts: [] };
  const event = exchange.events.find((one) => one.ref === ref);
  if (event) return { ...about, ...read(), result: "matched", why: event.why };
  if (isDecided) return { ...about, result: "not reached", why: "", parts: [] };
  const { value, ...reading } = read();
  if (value === undefined) return { ...about, ...reading, result: "undetermined" };
  if (!value) return { ...about, ...reading, result: "no match" };
  if (count) return { ...about, ...reading, result: "limit kept" };
  const isSkipped = exchange.events.some(({ action }) => action === "skip");
  return { ...about, ...reading, result: isSkipped ? "not reached" : "masked" };
}

function partOf({
  node,
  value,
}: {
  node: { span: { start: number; end: number } };
  value: boolean | undefined;
}): RulePart {
  const { start, end } = node.span;
  return { start, end, ...(value !== undefined && { value }) };
}

/** Compiled rules; of a rule that was replaced, they are collected with it. */
const compiledRules = new WeakMap<Rule, { readonly lists: Zone["lists"]; readonly compiled: Compiled | undefined }>();

/** The compiled expression of a rule; undefined where it cannot be read. */
export function compiledOf(rule: Rule, { lists }: Pick<Zone, "lists">): Compiled | undefined {
  const known = compiledRules.get(rule);
  if (known?.lists === lists) return known.compiled;
  const result = compile(rule.expression, { lists: compileLists(lists) });
  const compiled = result.ok ? result : undefined;
  compiledRules.set(rule, { lists, compiled });
  return compiled;
}
