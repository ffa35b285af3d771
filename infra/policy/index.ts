/** What the edge shall be: one `Site` in, plain data out. No I/O, no Pulumi; `README.md` says how to change it. */
import type { Plan, ProofDiagnostic } from "../rules/index.ts";
import { deployFolder } from "./deploy.ts";
import { FOLDERS, type Folder } from "./folders.ts";
import { type IngressRule, ingress } from "./ingress.ts";
import { listShapeDiagnostics, normalisedLists, type PolicyList } from "./list.ts";
import { lists as ownLists } from "./lists/index.ts";
import { type PlanReport, planReport } from "./report.ts";
import type { PhaseRuleset, RuleContext } from "./rule.ts";
import type { Site } from "./site.ts";
import { SURFACE, type Surface } from "./surface.ts";
import type { ZoneSetting } from "./zone-settings.ts";

export { PLANS, type Plan, type ProofDiagnostic, renderProof, type StoryFile } from "../rules/index.ts";
export { othersRules } from "./adoption.ts";
export { exampleFacts } from "./examples.ts";
export { FOLDERS, type Folder, fileOfRule } from "./folders.ts";
export type { IngressRule } from "./ingress.ts";
export {
  fileOfList,
  listKinds,
  listRoom,
  listSpecs,
  markedDescription,
  type PolicyList,
  type PolicyListItem,
  type PolicyListProblem,
  policyListProblems,
  stackOfList,
} from "./list.ts";
export { type PolicyProof, provePolicy } from "./prove.ts";
export { type PlanReport, reportLines } from "./report.ts";
export { apiRule, apiRuleset, type DeployedRule, type Example, type PhaseRuleset, type RuleSource } from "./rule.ts";
export {
  type AdoptedList,
  type AdoptedRuleset,
  type Adoption,
  adoptionOf,
  ownerMark,
  type Site,
  tunnelName,
} from "./site.ts";
export { calledPaths, SURFACE, type Surface } from "./surface.ts";
export { othersDiagnostics, type PolicyDiagnostic, policyDiagnostics } from "./validate.ts";
export { VISITORS } from "./visitors.ts";
export { withoutLists } from "./without-lists.ts";
export { ZONE_SETTING_IDS, type ZoneSetting, zoneSettingProblem } from "./zone-settings.ts";

export interface Policy {
  /** One a phase, in the order in which a request passes them; never empty. */
  readonly rulesets: readonly PhaseRuleset[];
  readonly ingress: readonly IngressRule[];
  /** Lists that rules may name, their items normalised; those that the site shares are among them. */
  readonly lists: readonly PolicyList[];
  readonly zoneSettings: readonly ZoneSetting[];
  readonly report: PlanReport;
  /**
   * Errors: files that hold no rule; what they hold is not in the rulesets, and nothing may be deployed. Warnings:
   * what the plan makes of a limit.
   */
  readonly diagnostics: readonly ProofDiagnostic[];
}

/**
 * The policy of a site on a plan: what is deployed for it, and what the gateway enforces by itself. `surface` is the
 * backend's `folders` hold the shipped rules and `lists` the shipped lists if absent.
 */
export function policyFor(
  site: Site,
  plan: Plan,
  surface: Surface = SURFACE,
  folders: readonly Folder[] = FOLDERS,
  lists: readonly PolicyList[] = ownLists,
): Policy {
  const context: RuleContext = { site, surface, plan };
  const deployed = folders.map((folder) => deployFolder(folder, context));
  const rulesets = deployed.map(({ ruleset }) => ruleset).filter(({ rules }) => rules.length > 0);
  const leftOut = deployed.flatMap((folder) => folder.leftOut);
  return {
    rulesets,
    ingress: ingress(site),
    lists: normalisedLists(lists),
    zoneSettings: Object.entries(site.zoneSettings).map(([id, value]) => ({ id, value })),
    report: planReport(context, rulesets, leftOut),
    diagnostics: [...deployed.flatMap((folder) => folder.diagnostics), ...listShapeDiagnostics(lists)],
  };
}
