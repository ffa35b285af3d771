import type { Condition } from "./language.ts";
import { blockResponse, type CustomResponse, isChallenge, type Level, skipOf } from "./parameters.ts";
import { phaseBit } from "./phases.ts";
import { type Flow, holds, type Noted, note, noted, type Step } from "./run.ts";
import type { Rule, Ruleset } from "./types.ts";

/**
 * A custom rule: `block`, a challenge, `log` or `skip`
 * (https://developers.cloudflare.com/ruleset-engine/rules-language/actions/). Block and challenges end the request's way
 * unless the visitor has clearance. A zone-level skip of phases leaves account-level rulesets of these phases running; an
 * account-level one skips both.
 */
export function firewallRule(level: Level, ruleset: Ruleset, rule: Rule, condition: Condition): Step | undefined {
  switch (rule.action) {
    case "block":
      return terminating(ruleset, rule, condition, blockResponse(ruleset, rule));
    case "challenge":
    case "js_challenge":
    case "managed_challenge":
      return terminating(ruleset, rule, condition, { status: 403 });
    case "log":
      return logging(noted(ruleset, rule, true), condition);
    case "skip":
      return skipping(level, ruleset, rule, condition);
    default:
      return undefined;
  }
}

function logging(event: Noted, condition: Condition): Step {
  return (run) => {
    if (holds(run, condition, false)) note(run, event, condition);
    return "next";
  };
}

function terminating(ruleset: Ruleset, rule: Rule, condition: Condition, response: CustomResponse): Step {
  const challenge = isChallenge(rule);
  const event = noted(ruleset, rule, true);
  return (run) => {
    if (!holds(run, condition, true)) return "next";
    const by = note(run, event, condition);
    if (challenge && run.request.clearance === true) return "next";
    run.decision = { outcome: challenge ? "challenge" : "block", by, response };
    return "stop";
  };
}

function skipping(level: Level, ruleset: Ruleset, rule: Rule, condition: Condition): Step {
  const skips = skipOf(level, ruleset, rule);
  const event = noted(ruleset, rule, rule.logging?.enabled !== false, skips);
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
