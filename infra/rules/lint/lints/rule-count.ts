import type { Phase } from "../../schema/phases.ts";
import { PLANS, planName, roomFor } from "../../schema/plans.ts";
import type { Lint, Policy } from "../lint.ts";

export const ruleCount: Lint = {
  name: "rule-count",
  severity: "error",
  about: "The plan has room for fewer rules of this kind.",
  *inPolicy(policy) {
    yield* tooMany(policy, "http_request_dynamic_redirect", "single redirects");
    yield* tooMany(policy, "http_request_firewall_custom", "custom rules");
    yield* tooMany(policy, "http_ratelimit", "rate limiting rules");
  },
};

function* tooMany({ rules, plan }: Policy, phase: Phase, what: string) {
  const all = rules.filter((one) => one.phase === phase);
  const room = roomFor(phase, plan);
  const surplus = all[room];
  if (!surplus) return;
  const enough = PLANS.find((one) => roomFor(phase, one) >= all.length);
  yield {
    rule: surplus,
    property: "ref",
    message: `${planName(plan)} has room for ${room} ${what}, these are ${all.length}`,
    hint: enough ? `${planName(enough)} has room for ${roomFor(phase, enough)}` : "join rules that do the same",
  };
}
