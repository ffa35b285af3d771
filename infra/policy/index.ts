/** What the edge shall be: one `Site` in, plain data out. No I/O, no Pulumi; `README.md` says how to change it. */
import type { Plan, ProofDiagnostic } from "../rules/index.ts";
import { deployFolder } from "./deploy.ts";
import { FOLDERS, type Folder } from "./folders.ts";
import { type IngressRule, ingress } from "./ingress.ts";
import { type PlanReport, planReport } from "./report.ts";
import type { PhaseRuleset, RuleContext } from "./rule.ts";
import type { Site } from "./site.ts";
import { SURFACE, type Surface } from "./surface.ts";
import type { ZoneSetting } from "./zone-settings.ts";

export { PLANS, type Plan } from "../rules/index.ts";
export { othersRules } from "./adoption.ts";
export { exampleFacts } from "./examples.ts";
export { FOLDERS, type Folder, fileOfRule } from "./folders.ts";
export type { IngressRule } from "./ingress.ts";
export { type PolicyProof, provePolicy } from "./prove.ts";
export { type PlanReport, reportLines } from "./report.ts";
export { apiRule, type DeployedRule, type Example, type PhaseRuleset, type RuleSource } from "./rule.ts";
export { type AdoptedRuleset, type Adoption, adoptionOf, ownerMark, type Site, tunnelName } from "./site.ts";
export { SURFACE, type Surface } from "./surface.ts";
export { type PolicyDiagnostic, policyDiagnostics } from "./validate.ts";
export { VISITORS } from "./visitors.ts";
export { ZONE_SETTING_IDS, type ZoneSetting, zoneSettingProblem } from "./zone-settings.ts";

export interface Policy {
  /** One a phase, in the order in which a request passes them; never empty. */
  readonly rulesets: readonly PhaseRuleset[];
  readonly ingress: readonly IngressRule[];
  readonly zoneSettings: readonly ZoneSetting[];
  readonly report: PlanReport;
  /**
   * Errors: files that hold no rule; what they hold is not in the rulesets, and nothing may be deployed. Warnings: what the plan
   * makes of a limit.
   */
  readonly diagnostics: readonly ProofDiagnostic[];
}

/**
 * The policy of a site on a plan: what is deployed for it, and what the gateway enforces by itself. `surface` is the
 * backend's and `folders` hold the shipped rules if absent.
 */
export function policyFor(
  site: Site,
  plan: Plan,
  surface: Surface = SURFACE,
  folders: readonly Folder[] = FOLDERS,
): Policy {
  const context: RuleContext = { site, surface, plan };
  const deployed = folders.map((folder) => deployFolder(folder, context));
  const rulesets = deployed.map(({ ruleset }) => ruleset).filter(({ rules }) => rules.length > 0);
  const leftOut = deployed.flatMap((folder) => folder.leftOut);
  return {
    rulesets,
    ingress: ingress(site),
    zoneSettings: Object.entries(site.zoneSettings).map(([id, value]) => ({ id, value })),
    report: planReport(context, rulesets, leftOut),
    diagnostics: deployed.flatMap((folder) => folder.diagnostics),
  };
}
