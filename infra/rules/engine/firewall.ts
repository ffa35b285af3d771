import type { CompiledCondition } from "./language.ts";
import { blockResponse, type CustomResponse, isChallenge, type PlacedRule, skipOf } from "./parameters.ts";
import { phaseBit } from "./phases.ts";
import { type Flow, holds, note, noted, type RuleStep } from "./run.ts";

/**
 * A custom rule: `block`, a challenge, `log` or `skip`
 * (https://developers.cloudflare.com/ruleset-engine/rules-language/actions/). Block and challenges end the request's
 * way unless the visitor has clearance. A zone-level skip of phases leaves account-level rulesets of these phases
 * running; an account-level one skips both.
 */
export function firewallRule(placed: PlacedRule, condition: CompiledCondition): RuleStep {
  const { ruleset, rule } = placed;
  if (rule.action === "skip") return skipping(placed, condition);
  if (rule.action === "log") return logging(placed, condition);
  return terminating(placed, condition, isChallenge(rule) ? { status: 403 } : blockResponse(ruleset, rule));
}

function logging(placed: PlacedRule, condition: CompiledCondition): RuleStep {
  const event = noted(placed, true);
  return (run) => {
    if (holds(run, condition, false)) note(run, event, condition);
    return "next";
  };
}

function terminating(placed: PlacedRule, condition: CompiledCondition, response: CustomResponse): RuleStep {
  const challenge = isChallenge(placed.rule);
  const event = noted(placed, true);
  return (run) => {
    if (!holds(run, condition, true)) return "next";
    const by = note(run, event, condition);
    if (challenge && run.request.clearance === true) return "next";
    run.decision = { outcome: challenge ? "challenge" : "block", by, response };
    return "stop";
  };
}

function skipping(placed: PlacedRule, condition: CompiledCondition): RuleStep {
  const { level, rule } = placed;
  const skips = skipOf(rule);
  const event = noted(placed, rule.logging?.enabled !== false, skips);
  const bits = skips.phases.reduce((all, phase) => all | phaseBit(phase), 0);
  const flow: Flow = skips.rest ? `leave-${skips.rest}` : "next";
  return (run) => {
    if (!holds(run, condition, true)) return "next";
    note(run, event, condition);
    run.skippedOfZone |= bits;
    if (level === "account") run.skippedOfAccount |= bits;
    return flow;
  };
}
