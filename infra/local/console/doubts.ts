import { loadProblemLine, type Verdict, visitorName } from "../../rules/index.ts";

/** One rule that could not be judged, and one thing for which. */
export interface Doubt {
  /** The same object for the same rule of the same deployment. */
  readonly of: object;
  readonly what: string;
  readonly line: string;
}

/** The doubts of a verdict, each once. */
export function doubtsOf(verdict: Verdict | undefined): readonly Doubt[] {
  if (verdict === undefined) return [];
  const { undetermined, askedBy = [], rulesInDoubt } = verdict;
  const named = new Set(askedBy.flatMap((one) => one.undetermined));
  const others = undetermined.filter((what) => !named.has(what));
  const asked = askedBy.flatMap(({ rule, undetermined: all }) =>
    all.map((what) => ({ of: rule, what, line: `rule ${rule.ref} asks ${what}, ${adviceOn(what)}` })),
  );
  return [
    ...rulesInDoubt.map((problem) => ({ of: problem, what: "", line: loadProblemLine(problem) })),
    ...asked,
    // of no single rule: shown for each request
    ...others.map((what) => ({ of: verdict, what, line: `a rule asks ${what}, ${adviceOn(what)}` })),
  ];
}

/** Why it is not known, and how to set it for one request or for all. */
function adviceOn(what: string): string {
  const name = visitorName(what)?.name;
  if (name !== undefined)
    return `which only Cloudflare knows; say it with the header \`Local-Visitor: ${name}=…\` or with \`--visitor\``;
  return what.startsWith("$") ? "a list that is not known here" : "which only Cloudflare knows";
}
