import { readFileSync } from "node:fs";
import { policyFor, provePolicy } from "../../infra/policy/index.ts";
import { renderProof, type StoryFile } from "../../infra/rules/index.ts";
import { readStories } from "../../infra/stories.ts";
import { argumentList, command, messageOf, type OptionValues, UsageError } from "../command-line/index.ts";
import { POLICY_OPTIONS, siteOf } from "./options.ts";

export const testCommand = command({
  name: "test",
  summary: "Runs every rule on its examples, and the stories, and says what neither of them exercises.",
  arguments: { story: argumentList("JSON files with stories (those of infra/policy/stories)") },
  options: POLICY_OPTIONS,
  failure: "an example or a story fails",
  examples: ["", "--plan business stories/login.json"],
  run: ({ args, options }) => runTests(args.story, options),
});

function runTests(files: readonly string[], { plan, host }: OptionValues<typeof POLICY_OPTIONS>): 0 | 1 {
  const site = siteOf(host);
  const { rulesets, diagnostics } = policyFor(site, plan);
  const stories = files.length > 0 ? files.map(readStory) : readStories();
  const proof = provePolicy({ rulesets, stories, site, plan }, { gaps: true });
  const failures = [...diagnostics.filter(({ severity }) => severity === "error"), ...proof.diagnostics];
  for (const failure of failures) console.log(`FAILED ${renderProof(failure)}`);
  for (const { ref, conditions } of proof.gaps)
    console.log(`${ref}: no example or story exercises\n${conditions.map((gap) => `  ${gap}`).join("\n")}`);
  const rules = rulesets.reduce((sum, ruleset) => sum + ruleset.rules.length, 0);
  const others = proof.storiesOfOtherPlans > 0 ? ` (${proof.storiesOfOtherPlans} more are about other plans)` : "";
  const counts = `${rules} rules, ${proof.examples} examples and ${proof.stories} stories on ${plan}${others}`;
  console.log(`${counts}: ${failures.length} failed`);
  return failures.length > 0 ? 1 : 0;
}

function readStory(file: string): StoryFile {
  try {
    return { file, json: readFileSync(file, "utf8") };
  } catch (error) {
    throw new UsageError(`the story ${file} cannot be read: ${messageOf(error)}`);
  }
}
