/** What the edge shall be: one `Site` in, plain data out. No I/O, no Pulumi; `README.md` says how to change it. */
import type { Phase, Plan } from "../rules/index.ts";
import { cacheRules } from "./cache-rules.ts";
import { customRules } from "./custom-rules.ts";
import { rateLimitSees } from "./entitlements.ts";
import { and } from "./expression.ts";
import { onHostnames, roomBesideGuard } from "./hostnames.ts";
import { type IngressRule, ingress } from "./ingress.ts";
import { notInSurface } from "./not-in-surface.ts";
import { rateLimits } from "./rate-limits.ts";
import { redirects } from "./redirects.ts";
import { type PlanReport, planReport } from "./report.ts";
import type { DeployedRule, PhaseRuleset, PolicyRule } from "./rule.ts";
import type { Site } from "./site.ts";
import { SURFACE, type Surface } from "./surface.ts";
import type { ZoneSetting } from "./zone-settings.ts";

export type { Plan } from "../rules/index.ts";
export { othersRules } from "./adoption.ts";
export { entitlementProblems, type PolicyProblem } from "./entitlements.ts";
export { exampleFacts } from "./examples.ts";
export type { IngressRule } from "./ingress.ts";
export { type PlanReport, reportLines } from "./report.ts";
export type { DeployedRule, Example, PhaseRuleset } from "./rule.ts";
export { type AdoptedRuleset, type Adoption, adoptionOf, ownerMark, type Site, tunnelName } from "./site.ts";
export { SURFACE, type Surface } from "./surface.ts";
export { ZONE_SETTING_IDS, type ZoneSetting, zoneSettingProblem } from "./zone-settings.ts";

export interface Policy {
  /** One a phase, in the order in which a request passes them; never empty. */
  readonly rulesets: readonly PhaseRuleset[];
  readonly ingress: readonly IngressRule[];
  readonly zoneSettings: readonly ZoneSetting[];
  readonly report: PlanReport;
}

/** The policy of a site on a plan: what is deployed for it, and what the gateway enforces by itself. */
export function policyFor(site: Site, plan: Plan, surface: Surface = SURFACE): Policy {
  const limits = rateLimits(plan, surface);
  const redirected = redirects(site, surface);
  const phases: readonly [phase: Phase, name: string, rules: readonly PolicyRule[]][] = [
    ["http_request_dynamic_redirect", "causeway redirects", redirected],
    ["http_request_firewall_custom", "causeway custom rules", customRules(site, surface)],
    ["http_ratelimit", "causeway rate limits", limits.rules],
    ["http_request_cache_settings", "causeway cache rules", cacheRules(site, surface)],
  ];
  const rulesets = phases
    .filter(([, , rules]) => rules.length > 0)
    .map(([phase, name, rules]) => ({ phase, name, rules: rules.map((rule) => deployed(rule, phase, site, plan)) }));
  return {
    rulesets,
    ingress: ingress(site),
    zoneSettings: Object.entries(site.zoneSettings).map(([id, value]) => ({ id, value })),
    report: planReport({
      plan,
      surface,
      rulesets,
      classesLeft: limits.left,
      redirected: redirected.length > 0,
      exact: notInSurface(surface, roomBesideGuard(site)).exact,
    }),
  };
}

/**
 * The rule as it is deployed: guarded by the site's hostnames wherever the plan lets it see them, everything said
 * explicitly.
 */
function deployed({ when, examples, ...rule }: PolicyRule, phase: Phase, site: Site, plan: Plan): DeployedRule {
  const guarded = phase !== "http_ratelimit" || rateLimitSees(plan, "http.host");
  return { ...rule, expression: guarded ? and(onHostnames(site), when) : when, enabled: true, examples };
}
