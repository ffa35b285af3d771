import { compileLists } from "../evaluate/lists.ts";
import type { RequestFacts } from "../evaluate/request.ts";
import type { Phase } from "../schema/phases.ts";
import type { Coverage } from "./coverage.ts";
import type { ProofDiagnostic } from "./diagnostic.ts";
import { proveExamples, startOfWhen } from "./examples.ts";
import type { ProofInput } from "./input.ts";
import { readStory, runStory, type Story } from "./story.ts";

/** What a proof showed. */
export interface Proof {
  /** What failed; nothing where all that the policy claims holds. */
  readonly diagnostics: readonly ProofDiagnostic[];
  readonly examples: number;
  readonly stories: number;
  /** Stories about another plan, which were not run. */
  readonly storiesOfOtherPlans: number;
  /** Conditions that neither an example nor a story made true, or false; only where they were requested. */
  readonly gaps: readonly Gaps[];
}

export interface Gaps {
  readonly phase: Phase;
  readonly ref: string;
  readonly file: string;
  readonly conditions: readonly string[];
}

/**
 * Tries every rule on its examples and runs the stories. `gaps` also finds what no example and no story exercises,
 * which reads every rule on every request of every story.
 */
export function prove(input: ProofInput, { gaps = false }: { readonly gaps?: boolean } = {}): Proof {
  const { plan, host, visitors } = input;
  const lists = compileLists(input.lists ?? {});
  const tried = input.rulesets.flatMap(({ phase, rules }) =>
    rules.map((rule) => ({ phase, rule, ...proveExamples(rule, phase, { plan, host, visitors, lists }) })),
  );
  const diagnostics = tried.flatMap((one) => one.diagnostics);
  const compiles = tried.every(({ coverage }) => coverage !== undefined);
  const coverages = tried.flatMap(({ coverage }) => coverage ?? []);
  let stories = 0;
  let others = 0;
  for (const file of input.stories) {
    const read = readStory(file);
    if (!read.ok) diagnostics.push(...read.diagnostics);
    else if (read.story.plan !== undefined && read.story.plan !== plan) others += 1;
    // a rule that does not compile is a problem already, and no story can be run with it
    else if (compiles) {
      stories += 1;
      diagnostics.push(...provedStory(read.story, file.file, input, gaps ? visitAll(coverages) : undefined));
    }
  }
  return {
    diagnostics,
    examples: tried.reduce((sum, one) => sum + one.tried, 0),
    stories,
    storiesOfOtherPlans: others,
    gaps: gaps
      ? tried.flatMap(({ phase, rule, coverage }) => {
          const conditions = coverage?.gaps(startOfWhen(rule)) ?? [];
          return conditions.length > 0 ? [{ phase, ref: rule.ref, file: rule.source.file, conditions }] : [];
        })
      : [],
  };
}

/** Runs a story on the own rules, and where it holds also behind the rules of others. */
function provedStory(
  story: Story,
  file: string,
  { adoptedRules, ...input }: ProofInput,
  visit: ((request: RequestFacts) => void) | undefined,
): readonly ProofDiagnostic[] {
  const own = runStory(story, file, input, visit);
  if (own.length > 0 || adoptedRules === undefined) return own;
  return runStory(story, file, { ...input, adoptedRules }).map((diagnostic) => ({
    ...diagnostic,
    severity: "warning",
    message: `behind the rules of others in the adopted ruleset, ${diagnostic.message}`,
  }));
}

const visitAll =
  (coverages: readonly Coverage[]) =>
  (request: RequestFacts): void => {
    for (const coverage of coverages) coverage.add(request);
  };
