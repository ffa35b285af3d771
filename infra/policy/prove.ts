import {
  type Plan,
  type Proof,
  type ProofDiagnostic,
  plainData,
  proofDiagnostic,
  prove,
  type StoryFile,
  type Visitors,
  visitorProblems,
} from "../rules/index.ts";
import { othersRules } from "./adoption.ts";
import { fileOfList, listSpecs, type PolicyList, type PolicyListProblem, policyListProblems } from "./list.ts";
import type { PhaseRuleset } from "./rule.ts";
import { adoptionOf, type Site } from "./site.ts";
import { VISITORS } from "./visitors.ts";

/** What is proved, and on what. */
export interface PolicyProof {
  readonly rulesets: readonly PhaseRuleset[];
  readonly lists: readonly PolicyList[];
  /**
   * The result of `policyListProblems` for this plan, from a caller that has it already; computed here where absent.
   */
  readonly listed?: readonly PolicyListProblem[];
  readonly stories: readonly StoryFile[];
  /** With what it adopts: rules of others run before the policy's, and what they change is a warning. */
  readonly site: Pick<Site, "hostnames" | "adopt">;
  readonly plan: Plan;
  /** Those of the policy if absent. */
  readonly visitors?: Visitors;
}

/** Tries every rule of the policy on its examples and runs the stories, sent by the policy's visitors. */
export function provePolicy(
  { rulesets, lists, listed, stories, site, plan, visitors = VISITORS }: PolicyProof,
  options: { readonly gaps?: boolean } = {},
): Proof {
  const wrong = wrongVisitors(visitors);
  // a malformed visitor would be reported once for each of its requests
  if (wrong.length > 0) return { diagnostics: wrong, examples: 0, stories: 0, storiesOfOtherPlans: 0, gaps: [] };
  const adoptedRules = Object.fromEntries(
    rulesets.flatMap(({ phase, rules }) => {
      const adopted = othersRules(adoptionOf(site).rulesets[phase]?.rules ?? [], rules);
      return adopted.length > 0 ? [[phase, adopted]] : [];
    }),
  );
  const input = {
    rulesets,
    stories,
    plan,
    host: site.hostnames[0],
    visitors,
    lists: listSpecs(deployableLists(lists, listed ?? policyListProblems(lists, plan))),
  };
  return prove({ ...input, ...(Object.keys(adoptedRules).length > 0 && { adoptedRules }) }, options);
}

/** A list that cannot be deployed is reported elsewhere; rules that use it are undetermined here. */
function deployableLists(lists: readonly PolicyList[], listed: readonly PolicyListProblem[]): readonly PolicyList[] {
  const wrong = listed.filter(({ severity }) => severity === "error");
  const files = new Set(wrong.map(({ file }) => file));
  return lists.filter(({ name }) => !files.has(fileOfList(name)));
}

const VISITORS_FILE = { file: "infra/policy/visitors.ts" };

const wrongVisitors = (visitors: Visitors): readonly ProofDiagnostic[] => {
  const plain = plainData(visitors);
  if (!plain.ok) return [proofDiagnostic(VISITORS_FILE, "wrong-visitor", plain.pointer, undefined, plain.message)];
  return Object.entries({ ...visitors, ordinary: visitors.ordinary }).flatMap(([name, visitor]) =>
    visitorProblems(visitor).map((message) =>
      proofDiagnostic(VISITORS_FILE, "wrong-visitor", `/${name}`, visitor, message),
    ),
  );
};
