import { readFileSync } from "node:fs";
import { type Proof, type ProofDiagnostic, renderProof, type StoryFile } from "../../infra/rules/index.ts";
import { readStories } from "../../infra/stories.ts";
import {
  argumentList,
  command,
  flag,
  messageOf,
  type OptionValues,
  printForPeople,
  UsageError,
} from "../command-line/index.ts";
import { POLICY_OPTIONS, siteOf } from "./options.ts";
import { loadPolicy } from "./policy.ts";
import { isShipped } from "./shipped.ts";

const OPTIONS = {
  ...POLICY_OPTIONS,
  gaps: flag("--gaps", "also says what nothing exercises of the rules that come with the kit"),
};

export const testCommand = command({
  name: "test",
  summary: "Runs every rule on its examples, and the stories, and says what neither of them exercises of your rules.",
  arguments: { story: argumentList("JSON files with stories (those of infra/policy/stories)") },
  options: OPTIONS,
  failure: "an example or a story fails",
  examples: ["", "--plan business stories/login.json", "--gaps"],
  run: ({ args, options }) => runTests(args.story, options),
});

async function runTests(
  files: readonly string[],
  { plan, host, service, gaps }: OptionValues<typeof OPTIONS>,
): Promise<0 | 1> {
  const { policyDiagnostics, policyListProblems, proofFailures, provePolicy, readPolicy, refusalsInFiles } =
    await loadPolicy();
  const site = siteOf(host, service);
  const policy = readPolicy(site, plan);
  const { rulesets, diagnostics } = policy;
  const stories = files.length > 0 ? files.map(readStory) : readStories();
  const refusals = { refused: policyDiagnostics(policy, plan), listed: policyListProblems(policy.lists, plan) };
  const proof = provePolicy({ ...policy, listed: refusals.listed, stories, site, plan }, { gaps: true });
  const failures = [
    ...diagnostics.filter(({ severity }) => severity === "error"),
    ...refusalsInFiles(proof, refusals),
    ...proofFailures(proof, refusals),
  ];
  for (const line of proofLines(failures, proof.gaps, gaps)) printForPeople(line);
  const rules = rulesets.reduce((sum, ruleset) => sum + ruleset.rules.length, 0);
  const others = proof.storiesOfOtherPlans > 0 ? ` (${proof.storiesOfOtherPlans} more are about other plans)` : "";
  const counts = `${rules} rules, ${proof.examples} examples and ${proof.stories} stories on ${plan}${others}`;
  console.log(`${counts}: ${failures.length} failed`);
  return failures.length > 0 ? 1 : 0;
}

/**
 * The failures, those of the author's rules and stories before those of the kit's. Then the conditions that no example
 * and no story exercises; those of the kit's rules only with `--gaps`.
 */
export function proofLines(
  failures: readonly ProofDiagnostic[],
  gaps: Proof["gaps"],
  showsShippedGaps: boolean,
): readonly string[] {
  const ordered = failures.toSorted((a, b) => Number(isShipped(a.file)) - Number(isShipped(b.file)));
  return [
    ...ordered.map((failure) => `FAILED ${renderProof(failure)}`),
    ...gaps
      .filter(({ file }) => showsShippedGaps || !isShipped(file))
      .map(({ ref, conditions }) => {
        return `${ref}: no example or story exercises\n${conditions.map((gap) => `  ${gap}`).join("\n")}`;
      }),
  ];
}

function readStory(file: string): StoryFile {
  try {
    return { file, json: readFileSync(file, "utf8") };
  } catch (error) {
    throw new UsageError(`the story ${file} cannot be read: ${messageOf(error)}`);
  }
}
