import {
  adoptionOf,
  excerpt,
  othersDiagnostics,
  othersRules,
  type Plan,
  type Policy,
  type ProofDiagnostic,
  policyDiagnostics,
  policyListProblems,
  proofFailures,
  provePolicy,
  renderProof,
  type Site,
  type StoryFile,
  zoneSettingProblem,
} from "../policy/index.ts";
import type { Obstacle } from "./obstacle.ts";

/** Most failures of a proof that one run prints. */
const MAX_FAILURES = 20;

/** How the policy is proved in a run of the program. */
export interface ProofOrder {
  readonly stories: readonly StoryFile[];
  /** Deploys all the same what examples and stories do not prove. */
  readonly unproved: boolean;
}

/** What validator, examples and stories find in the policy before anything is created. */
export interface PolicyFindings {
  readonly obstacles: readonly Obstacle[];
  /** Warnings for the operator: limits that the plan changes, and what rules of others change. */
  readonly warnings: readonly string[];
  /** What is deployed although it is not proved, one a line. */
  readonly unproved: readonly string[];
}

/** Runs the validator, and proves the policy by its examples and the stories. */
export function policyFindings(site: Site, plan: Plan, policy: Policy, order: ProofOrder): PolicyFindings {
  const refused = policyDiagnostics(policy, plan, adoptedRules(site, policy));
  const { diagnostics } = policy;
  const listed = policyListProblems(policy.lists, plan);
  const wrongLists = listed.filter(({ severity }) => severity === "error");
  const proof = provePolicy({ ...policy, listed, stories: order.stories, site, plan });
  const failed = proofFailures(proof, { refused, listed });
  return {
    obstacles: [
      ...refused.map(({ code, phase, index, ref, pointer, message, hint, file }) => ({
        code: `policy.${code}`,
        found: `${index === undefined ? phase : `rule ${ref ?? index + 1} of ${phase}${inRule(pointer)}`}: ${message}`,
        fix: `In ${file ?? "infra/policy"}: ${hint}.`,
      })),
      ...diagnostics.filter(({ severity }) => severity === "error").map(obstacleOf),
      ...(order.unproved ? [] : shortened(failed)),
      ...settingObstacles(policy, plan),
      ...wrongLists.map(({ code, file, message, hint }) => ({
        code: `policy.${code}`,
        found: message,
        fix: `In ${file}${hint === undefined ? "." : `: ${hint}.`}`,
      })),
    ],
    warnings: [
      ...othersDiagnostics(site, policy.rulesets, plan).map(
        ({ phase, ref, index = 0, pointer, message }) =>
          `rule ${ref ?? index + 1} of others in the adopted ruleset of ${phase}${inRule(pointer)}: ${message}; it ` +
          "stays as it is",
      ),
      ...[...diagnostics, ...proof.diagnostics].filter(({ severity }) => severity === "warning").map(renderProof),
      ...listed.filter(({ severity }) => severity === "warning").map(({ message, file }) => `${message} (${file})`),
    ],
    unproved: order.unproved ? failed.map(renderProof) : [],
  };
}

/** The first failures, and of each story its first: what follows in a story most often follows from it. */
function shortened(failed: readonly ProofDiagnostic[]): readonly Obstacle[] {
  const seen = new Set<string>();
  const firsts = failed.filter(({ code, file }) => {
    const repeats = code === "story-differs" && seen.has(file);
    if (code === "story-differs") seen.add(file);
    return !repeats;
  });
  const first = firsts.slice(0, MAX_FAILURES).map((one) => ({ ...obstacleOf(one), unproved: true as const }));
  const more = failed.length - first.length;
  if (more <= 0) return first;
  const found = `${more} more examples and steps of stories fail`;
  return [...first, { code: "policy.more", found, fix: "`npm run rules -- test` shows all of them.", unproved: true }];
}

function obstacleOf({ code, file, pointer, ref, message, text, span, hint }: ProofDiagnostic): Obstacle {
  const rule = ref === undefined ? "" : `rule ${ref}, `;
  const value = text === "" ? "" : ` (${excerpt(text, span.start, span.end).text})`;
  return {
    code: `policy.${code}`,
    found: `${file}: ${rule}${pointer === "" ? "" : `${pointer}${value}: `}${message}`,
    fix: hint === undefined ? (FIXES[code] ?? `Correct ${file}.`) : `In ${file}: ${hint.replace(/[?.]$/, "")}.`,
  };
}

const FIXES: Readonly<Partial<Record<ProofDiagnostic["code"], string>>> = {
  "example-matched": "Correct the rule, or the example.",
  "example-not-matched": "Correct the rule, or the example.",
  "story-differs": "Correct the rule that decides, or the story.",
};

/** What a pointer from the ruleset points at in its rule. */
function inRule(pointer: string): string {
  const path = pointer.split("/").slice(3);
  return path.length === 0 ? "" : `, ${path.join(".")}`;
}

const settingObstacles = ({ zoneSettings }: Policy, plan: Plan): readonly Obstacle[] =>
  zoneSettings.flatMap((setting) => {
    const expected = zoneSettingProblem(setting, plan);
    if (expected === undefined) return [];
    const found = `the setting ${setting.id} cannot be ${JSON.stringify(setting.value)}`;
    return [{ code: "zone_setting", found, fix: `It takes ${expected}.` }];
  });

/** How many rules of others the adopted rulesets have: the plan's limit counts them too. */
const adoptedRules = (site: Site, policy: Policy): Readonly<Record<string, number>> =>
  Object.fromEntries(
    policy.rulesets.flatMap(({ phase, rules }) => {
      const adopted = adoptionOf(site).rulesets[phase];
      return adopted === undefined ? [] : [[phase, othersRules(adopted.rules, rules).length]];
    }),
  );
