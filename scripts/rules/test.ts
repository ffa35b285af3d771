import { readdirSync } from "node:fs";
import { exampleFacts, type Plan, type Site } from "../../infra/policy/index.ts";
import { compile, type RequestFacts, render } from "../../infra/rules/index.ts";
import { argumentList, command, type OptionValues } from "../command-line/index.ts";
import { Coverage } from "./coverage.ts";
import { POLICY_OPTIONS, rulesetsOf, siteOf } from "./options.ts";
import { readStory, runStory } from "./stories.ts";

/** Stories of the policy itself. */
const STORIES = "infra/policy/stories";

interface Tried {
  readonly ref: string;
  readonly coverage: Coverage;
  readonly matched: Set<string>;
}

export const testCommand = command({
  name: "test",
  summary: "Runs every rule on its examples, and the stories, and says what neither of them exercises.",
  arguments: { story: argumentList(`JSON files with stories (those of ${STORIES})`) },
  options: POLICY_OPTIONS,
  failure: "an example or a story fails",
  examples: ["", "--plan business stories/login.json"],
  run: ({ args, options }) => runTests(args.story.length > 0 ? args.story : ownStories(), options),
});

function runTests(files: readonly string[], { plan, host }: OptionValues<typeof POLICY_OPTIONS>): 0 | 1 {
  const site = siteOf(host);
  const tried = new Map<string, Tried>();
  const failures = runExamples(site, plan, tried);
  let stories = 0;
  for (const file of files) {
    const story = readStory(file);
    stories += 1;
    const wrong = runStory(story, site, (request, storyPlan) => {
      if (storyPlan === plan) for (const { coverage } of tried.values()) coverage.add(request);
    });
    failures.push(...wrong.map((failure) => `story "${story.story}", ${failure}`));
  }
  for (const failure of failures) console.log(`FAILED ${failure}`);
  for (const { ref, coverage } of tried.values()) {
    const gaps = coverage.gaps();
    if (gaps.length > 0)
      console.log(`${ref}: no example or story exercises\n${gaps.map((gap) => `  ${gap}`).join("\n")}`);
  }
  const examples = [...tried.values()].reduce((sum, { matched }) => sum + matched.size, 0);
  console.log(`${tried.size} rules, ${examples} examples and ${stories} stories on ${plan}: ${failures.length} failed`);
  return failures.length > 0 ? 1 : 0;
}

function ownStories(): readonly string[] {
  try {
    return readdirSync(STORIES)
      .filter((name) => name.endsWith(".json"))
      .map((name) => `${STORIES}/${name}`);
  } catch {
    return [];
  }
}

function runExamples(site: Site, plan: Plan, tried: Map<string, Tried>): string[] {
  const failures: string[] = [];
  for (const { phase, rules } of rulesetsOf(site, plan)) {
    for (const { ref, expression, source } of rules) {
      const compiled = compile(expression, { phase, plan });
      if (!compiled.ok) {
        failures.push(
          `${ref} does not compile:\n${compiled.diagnostics.map((one) => render(one, expression)).join("\n")}`,
        );
        continue;
      }
      const coverage = new Coverage(compiled);
      const matched = new Set<string>();
      tried.set(`${phase} ${ref}`, { ref, coverage, matched });
      const run = (request: RequestFacts, shown: string, expected: boolean) => {
        matched.add(`${expected} ${shown}`);
        const { value, why, undetermined } = coverage.add(request);
        const must = expected ? "must match" : "must pass by";
        if (value === undefined)
          failures.push(`${ref} ${must} ${shown}, but ${undetermined.join(", ")} is not given; add it to the example`);
        else if (value !== expected) failures.push(`${ref} ${must} ${shown}, but ${why}`);
      };
      for (const example of source.examples.match) run(exampleFacts(example, site), JSON.stringify(example), true);
      for (const example of source.examples.pass) run(exampleFacts(example, site), JSON.stringify(example), false);
    }
  }
  return failures;
}
