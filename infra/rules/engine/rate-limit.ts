import type { Value } from "../evaluate/value.ts";
import type { CounterLimit, CounterTable } from "./counters.ts";
import type { Characteristic, CompiledCondition } from "./language.ts";
import { blockResponse, isChallenge, type PlacedRule, type RateLimitParameters } from "./parameters.ts";
import { holds, note, noted, type RuleStep, type Run } from "./run.ts";

/** The compiled parts of a rate limiting rule. */
export interface RateLimitRule {
  readonly placed: PlacedRule;
  readonly parameters: RateLimitParameters;
  readonly condition: CompiledCondition;
  /** The counting expression; the rule's own condition where it has none. It is not and-ed with the condition. */
  readonly counting: CompiledCondition;
  /** In the order of `parameters.characteristics`, cf.colo.id left out. */
  readonly characteristics: readonly Characteristic[];
  readonly limit: CounterLimit;
}

/** Bytes of one characteristic that enter the key as they are; of what is longer, the rest enters as a checksum. */
const KEY_BYTES = 256;
const MAX_SCORE = 1_000_000;

/**
 * One rate limiting rule (https://developers.cloudflare.com/waf/rate-limiting-rules/request-rate/). A request counts
 * before it is judged, so that the first one above the limit is acted on; where the count needs the response, it counts
 * afterwards, and the next request is acted on. What Cloudflare does not document is chosen here: requests that the
 * rule itself acts on go on counting, except when a sliding window throttles, where they would keep a steady client
 * out for ever; a response that a rule made is not counted.
 */
export function rateLimitRule(parts: RateLimitRule, table: CounterTable): RuleStep {
  const { placed, parameters, condition, counting, limit } = parts;
  const { ruleset, rule } = placed;
  const { scoreHeader, requestsToOrigin } = parameters;
  const postponed = counting.usesResponse || requestsToOrigin || scoreHeader !== undefined;
  const takesBack = limit.timeout === 0 && limit.window === "sliding";
  const challenge = isChallenge(rule);
  const response = rule.action === "block" ? blockResponse(ruleset, rule) : { status: challenge ? 403 : 429 };
  const unit = scoreHeader === undefined ? "requests" : "points";
  const limited = `the limit of ${limit.threshold} ${unit} in ${limit.period / 1000} s`;

  const event = noted(placed, true);

  return (run) => {
    const { at: now } = run.request;
    const matched = holds(run, condition, true);
    const counted = !postponed && (counting === condition ? matched : holds(run, counting, true));
    if (!matched && !counted && !postponed) return "next";
    const key = keyOf(run, parts);
    if (key === undefined) return "next";
    run.counts ??= [];
    const { counts } = run;
    const before = table.rate(key, now);
    const noteCount = (from: number, after: number) =>
      counts.push({ ref: placed.name, before: from, after, threshold: limit.threshold, period: limit.period });
    if (counted) table.add(key, now, 1);
    if (!postponed) noteCount(before, table.rate(key, now));
    else {
      run.deferred ??= [];
      run.deferred.push((response) => {
        if (requestsToOrigin && response.fromCache) return;
        if (!holds(run, counting, false, response.fields)) return;
        const amount = scoreHeader === undefined ? 1 : scoreOf(response.header(scoreHeader));
        const from = table.rate(key, response.at);
        if (amount > 0) table.add(key, response.at, amount);
        noteCount(from, table.rate(key, response.at));
      });
    }
    if (!matched) return "next";

    let until = table.mitigatedUntil(key, now);
    let excess = "";
    if (until === undefined) {
      const rate = table.rate(key, now);
      if (rate <= limit.threshold) return "next";
      excess = `${Math.ceil(rate)} ${unit} exceed ${limited}`;
      if (limit.timeout > 0) {
        table.mitigate(key, now);
        until = now + limit.timeout;
      } else if (takesBack && counted) table.add(key, now, -1);
    } else excess = `${limited} was exceeded before`;

    const wait = Math.max(1, Math.ceil((until === undefined ? table.recovery(key, now) : until - now) / 1000));
    const why = `${excess}, for ${subject(run, parts)}; ${wait} s left`;
    const by = note(run, event, why);
    if (rule.action === "log") return "next";
    if (challenge && run.request.clearance === true) {
      table.reset(key);
      return "next";
    }
    run.decision = { outcome: challenge ? "challenge" : "block", by, response: { ...response, retryAfter: wait } };
    return "stop";
  };
}

/** Complexity of one request: an integer of 1 to 1,000,000; anything else counts nothing. */
function scoreOf(text: string | undefined): number {
  if (text === undefined || !/^[0-9]{1,7}$/.test(text)) return 0;
  const score = Number(text);
  return score <= MAX_SCORE ? score : 0;
}

/** The counter's key: data centre, then each characteristic; a missing one differs from an empty one. */
function keyOf(run: Run, { characteristics, condition }: RateLimitRule): string | undefined {
  let key = encode(run.request.colo ?? "");
  for (const { read } of characteristics) {
    const reading = read(run.fields);
    if (!("value" in reading)) {
      run.dependsOn(reading, condition.rule);
      return undefined;
    }
    key += reading.value === undefined ? "\x01" : encode(reading.value);
  }
  return key;
}

function encode(value: Value): string {
  if (typeof value === "object") {
    const items: readonly Value[] = value instanceof Map ? [...value].flat() : (value as readonly Value[]);
    return `\x03${items.length}:${items.map(encode).join("")}`;
  }
  const text = String(value);
  const kept = text.length <= KEY_BYTES ? text : `${text.slice(0, KEY_BYTES)}~${checksum(text)}`;
  return `\x02${text.length}:${kept}`;
}

/** FNV-1a of 32 bits: who makes two of his own long values collide shares a counter with himself. */
function checksum(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

function subject(run: Run, { characteristics }: RateLimitRule): string {
  const others = characteristics.filter(({ name }) => name !== "ip.src").map(({ name }) => name);
  const parts = characteristics.length > others.length ? [`ip.src ${run.request.ip}`, ...others] : others;
  return parts.length === 0 ? "all visitors" : parts.join(" and ");
}
