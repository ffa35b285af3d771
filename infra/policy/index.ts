/** The policy of the edge as plain data, made from a `Site`. No I/O, no Pulumi; `README.md` shows how to change it. */
import type { Plan, ProofDiagnostic } from "../rules/index.ts";
import { type DeployedFolder, deployFolder } from "./deploy.ts";
import { FOLDERS, type Folder } from "./folders.ts";
import { ingress } from "./ingress.ts";
import type { SiteIngressRule } from "./ingress-rule.ts";
import { LISTS_FOLDER, listMember, listShapeDiagnostics, normalisedLists, type PolicyList } from "./list.ts";
import { lists as ownLists } from "./lists/index.ts";
import { guestReport, type PlanReport, planReport } from "./report.ts";
import type { PhaseRuleset, RuleContext } from "./rule.ts";
import type { Site } from "./site.ts";
import { SURFACE, type Surface } from "./surface.ts";
import { fileDiagnostics, type WrittenFile, type WrittenFolder } from "./written-files.ts";
import type { ZoneSetting } from "./zone-settings.ts";

export { excerpt, PLANS, type Plan, type ProofDiagnostic, renderProof, type StoryFile } from "../rules/index.ts";
export { exampleFacts } from "./examples.ts";
export { proofFailures, refusalsInFiles } from "./failures.ts";
export { FOLDERS, type Folder } from "./folders.ts";
export type { SiteIngressRule } from "./ingress-rule.ts";
export {
  LISTS_FOLDER,
  listKinds,
  listSpecs,
  type PolicyListItem,
  type PolicyListProblem,
  policyListProblems,
} from "./list.ts";
export { type PolicyProof, provePolicy } from "./prove.ts";
export { type PlanReport, reportLines } from "./report.ts";
export { apiRule, apiRuleset, type DeployedRule, type Example, type PhaseRuleset, type RuleSource } from "./rule.ts";
export { ADMIN_PATHS, calledPaths, pathTakenBy, SURFACE, type Surface } from "./surface.ts";
export { othersDiagnostics, type PolicyDiagnostic, policyDiagnostics } from "./validate.ts";
export * from "./without-rules.ts";
export type { WrittenFile } from "./written-files.ts";
export { ZONE_SETTING_IDS, type ZoneSetting, zoneSettingProblem } from "./zone-settings.ts";

export interface Policy {
  /** One a phase, in the order in which a request passes them; each has rules. A guest has none. */
  readonly rulesets: readonly PhaseRuleset[];
  readonly ingress: readonly SiteIngressRule[];
  /** Lists that rules may name, their items normalised; those that the site shares are among them. */
  readonly lists: readonly PolicyList[];
  readonly zoneSettings: readonly ZoneSetting[];
  readonly report: PlanReport;
  /**
   * Errors: files without a valid rule, which are not in the rulesets; nothing may be deployed then. Warnings: limits
   * that the plan does not have as they are written.
   */
  readonly diagnostics: readonly ProofDiagnostic[];
}

/**
 * The policy of a site on a plan: what is deployed for it, and what the gateway enforces by itself. If absent,
 * `surface` is the backend's, `folders` hold the shipped rules and `lists` the shipped lists. `written` are the files
 * of their folders (`infra/policy-files.ts`): one that is not deployed is an error. Absent: files are not compared.
 */
export function policyFor(
  site: Site,
  plan: Plan,
  surface: Surface = SURFACE,
  folders: readonly Folder[] = FOLDERS,
  lists: readonly PolicyList[] = ownLists,
  written?: readonly WrittenFile[],
): Policy {
  if (site.role === "guest") return guestPolicy(site, plan);
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
    diagnostics: [
      ...(written === undefined
        ? []
        : writtenFolders(folders, deployed, lists).flatMap((one) => fileDiagnostics(one, written))),
      ...deployed.flatMap((folder) => folder.diagnostics),
      ...listShapeDiagnostics(lists),
    ],
  };
}

/** A guest deploys no rule, no list and no setting. */
const guestPolicy = (site: Site, plan: Plan): Policy => ({
  rulesets: [],
  ingress: ingress(site),
  lists: [],
  zoneSettings: [],
  report: guestReport(plan, site),
  diagnostics: [],
});

const writtenFolders = (
  folders: readonly Folder[],
  deployed: readonly DeployedFolder[],
  lists: readonly unknown[],
): readonly WrittenFolder[] => [
  ...folders.map(({ folder, phase }, index) => ({ folder, phase, members: deployed[index]?.members ?? [] })),
  { folder: LISTS_FOLDER, members: lists.map(listMember) },
];
