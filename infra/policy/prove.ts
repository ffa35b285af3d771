import {
  type Plan,
  type Proof,
  type ProofDiagnostic,
  proofDiagnostic,
  prove,
  type StoryFile,
  type Visitors,
  visitorProblems,
} from "../rules/index.ts";
import type { PhaseRuleset } from "./rule.ts";
import type { Site } from "./site.ts";
import { VISITORS } from "./visitors.ts";

/** What is proved, and on what. */
export interface PolicyProof {
  readonly rulesets: readonly PhaseRuleset[];
  readonly stories: readonly StoryFile[];
  readonly site: Pick<Site, "hostnames">;
  readonly plan: Plan;
  /** Those of the policy if absent. */
  readonly visitors?: Visitors;
}

/** Tries every rule of the policy on its examples and runs the stories, sent by the policy's visitors. */
export function provePolicy(
  { rulesets, stories, site, plan, visitors = VISITORS }: PolicyProof,
  options: { readonly gaps?: boolean } = {},
): Proof {
  const wrong = wrongVisitors(visitors);
  // requests of visitors that are none would be told once for each request
  if (wrong.length > 0) return { diagnostics: wrong, examples: 0, stories: 0, storiesOfOtherPlans: 0, gaps: [] };
  return prove({ rulesets, stories, plan, host: site.hostnames[0], visitors }, options);
}

const wrongVisitors = (visitors: Visitors): readonly ProofDiagnostic[] =>
  Object.entries({ ...visitors, ordinary: visitors.ordinary }).flatMap(([name, visitor]) =>
    visitorProblems(visitor).map((message) =>
      proofDiagnostic({ file: "infra/policy/visitors.ts" }, "wrong-visitor", `/${name}`, visitor, message),
    ),
  );
