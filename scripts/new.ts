import { resolve } from "node:path";
import type { ProjectChanges } from "./code-generation/changes.ts";
import { argumentList, command, endSignal, oneOf, option, runCommand, text, UsageError } from "./command-line/index.ts";

const ROOT = resolve(import.meta.dirname, "..");
const KINDS = oneOf(["feature", "rule"]);

const RULE_STEPS = [
  "Write what the rule blocks into `when`, and requests that prove it into `examples`. Then:",
  "  npm run rules -- check",
  "  npm run rules -- test",
];

await runCommand(
  command({
    name: "new",
    summary: "Makes a feature of the backend or a rule of the edge that passes checks and tests at once.",
    details:
      "feature NAME makes a folder in backend/: three endpoints, a service, a table and its migration, an event, " +
      "tests, and an example of a rule for the edge.\n" +
      "\n" +
      "rule NAME makes a custom rule with examples in infra/policy/custom-rules/.\n" +
      "\n" +
      "--list NAME prints what belongs to a feature, so that it can be removed.",
    arguments: { words: argumentList("feature or rule, and a name in lower case with hyphens") },
    options: { list: option("--list <feature>", "prints the paths of a feature, one a line, and makes nothing", text) },
    examples: ["feature todos", "rule block-old-api", "--list chat"],
    failure: "a file exists or cannot be written; then nothing is done",
    run: ({ args, options }) => (options.list === undefined ? make(args.words) : list(options.list, args.words)),
  }),
);

async function make(words: readonly string[]): Promise<void> {
  // Ctrl-C stops it before the first file is written, and not between two of them
  endSignal();
  const [word = "", name] = words;
  const kind = KINDS.parse(word);
  if (kind === undefined || name === undefined || words.length > 2) {
    throw new UsageError(
      `got "${words.join(" ")}". Expected \`npm run new -- feature NAME\` or \`npm run new -- rule NAME\`.`,
    );
  }
  const { writeChanges } = await import("./code-generation/changes.ts");
  const { newFeature } = await import("./code-generation/new-feature.ts");
  const { newRule } = await import("./code-generation/new-rule.ts");
  const changes = kind === "feature" ? newFeature(ROOT, name) : newRule(ROOT, name);
  await writeChanges(ROOT, changes);
  const next = kind === "feature" ? featureSteps(name) : RULE_STEPS;
  for (const line of [...changedFiles(changes), "", ...next]) console.log(line);
}

/** The paths go to standard output, for other programs; what else has to be done goes to standard error. */
async function list(feature: string, words: readonly string[]): Promise<void> {
  if (words.length > 0) throw new UsageError(`got "${words.join(" ")}" beside --list, which takes one feature alone.`);
  const { assertFeature, featurePaths, linesThatName } = await import("./code-generation/feature-paths.ts");
  assertFeature(ROOT, feature);
  const paths = featurePaths(ROOT, feature);
  const lines = linesThatName(ROOT, paths);
  for (const path of paths) console.log(path);
  console.error("To remove the feature, delete these, and take it out of these lines:");
  for (const { path, line } of lines) console.error(`  ${path}:${line}`);
}

function changedFiles({ added, changed }: ProjectChanges): readonly string[] {
  return [
    ...[...added.keys()].map((path) => `made     ${path}`),
    ...[...changed.keys()].map((path) => `changed  ${path}`),
  ];
}

function featureSteps(name: string): readonly string[] {
  return [
    "Change it into what you need, beginning with its surface.ts. Then:",
    "  npm run check",
    `  npm test -- test/backend/${name}`,
    "  npm start",
  ];
}
