import { type Phase, type Plan, parse, roomFor } from "../rules/index.ts";
import { rateLimitSees } from "./entitlements.ts";
import { and, type Expression } from "./expression.ts";
import { type Folder, fileOfRule } from "./folders.ts";
import { onHostnames } from "./hostnames.ts";
import { limitOnPlan } from "./limit.ts";
import type { DeployedRule, PhaseRuleset, PolicyRule, RuleContext } from "./rule.ts";

/** The ruleset of a folder as it is deployed, and the rate limits that the plan has no room for. */
export interface DeployedFolder {
  readonly ruleset: PhaseRuleset;
  readonly leftOut: readonly PolicyRule[];
}

/** Makes the rules of a folder, and leaves out what the plan has no room for where the gateway enforces it too. */
export function deployFolder({ phase, name, files }: Folder, context: RuleContext): DeployedFolder {
  const made = files.flatMap((file) => (typeof file === "function" ? (file(context) ?? []) : file));
  const surplus = Math.max(0, made.length - roomFor(phase, context.plan));
  const leftOut = new Set(surplus === 0 ? [] : made.filter(({ gatewayClass }) => gatewayClass).slice(-surplus));
  const rules = made.filter((rule) => !leftOut.has(rule)).map((rule) => deployedRule(rule, phase, context));
  return { ruleset: { phase, name, rules }, leftOut: [...leftOut] };
}

/** The rule as it is deployed: guarded by the site's hostnames wherever the plan lets it see them, everything explicit. */
function deployedRule(
  { when, examples, enabled = true, limit, gatewayClass: _, ...rule }: PolicyRule,
  phase: Phase,
  { site, plan }: RuleContext,
): DeployedRule {
  const expression = seesHost(phase, plan) ? guarded(onHostnames(site), when) : when;
  const source = { file: fileOfRule(phase, rule.ref), when, examples };
  if (limit === undefined) return { ...rule, expression, enabled, source };
  const ratelimit = limitOnPlan(limit, plan);
  const description = `${rule.description}: ${ratelimit.requests_per_period} requests in ${ratelimit.period} s`;
  return { ...rule, description, expression, enabled, ratelimit, source: { ...source, limit } };
}

/** Free's rate limiting rule sees the path and nothing else, so it cannot carry the guard by hostname. */
const seesHost = (phase: Phase, plan: Plan): boolean => phase !== "http_ratelimit" || rateLimitSees(plan, "http.host");

/**
 * Both conditions. `and` binds tighter than `or`, so a condition with `or` is bracketed: without brackets its second half would
 * hold for every site of the zone. A condition that is no expression by itself stays alone, because `ssl) or (true` would be one
 * beside the guard, and is refused.
 */
function guarded(guard: Expression, when: Expression): Expression {
  const parsed = parse(when);
  if (!parsed.ok) return when;
  return and(guard, parsed.tree.kind === "logical" && parsed.tree.operator !== "and" ? `(${when})` : when);
}
