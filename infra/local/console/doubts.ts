import { loadProblemLine, type Verdict, visitorName } from "../../rules/index.ts";

/** A rule whose condition is undetermined, and one field because of which it is. */
export interface Doubt {
  /** Identifies the rule: the same object for the same rule of the same deployment. */
  readonly rule: object;
  /** The rule's name; undefined where no single rule is known. */
  readonly ref?: string;
  /** The field or list that is not known. */
  readonly field?: string;
  /** Why the rule cannot be evaluated for any request; then there is no field. */
  readonly problem?: string;
}

/** The doubts of a verdict. A field that no rule is known to need is one too. */
export function doubtsOf(verdict: Verdict | undefined): readonly Doubt[] {
  if (verdict === undefined) return [];
  const { undetermined, askedBy = [], rulesInDoubt } = verdict;
  const known = new Set(askedBy.flatMap(({ undetermined: fields }) => fields));
  return [
    ...rulesInDoubt.map((problem) => ({ rule: problem, problem: loadProblemLine(problem) })),
    ...askedBy.flatMap(({ rule, undetermined: fields }) => fields.map((field) => ({ rule, ref: rule.ref, field }))),
    // identified by the verdict, and so shown for each request
    ...undetermined.filter((field) => !known.has(field)).map((field) => ({ rule: verdict, field })),
  ];
}

/** A sentence for each rule that cannot be evaluated, and one for each field, with all rules that need it. */
export function doubtSentences(doubts: readonly Doubt[]): readonly string[] {
  const problems = doubts.flatMap(({ problem }) => problem ?? []);
  const byField = Map.groupBy(
    doubts.filter(({ problem }) => problem === undefined),
    ({ field }) => field ?? "",
  );
  return [...problems, ...[...byField].map(([field, needed]) => `${whoNeeds(needed)} ${field}, ${adviceOn(field)}`)];
}

function whoNeeds(doubts: readonly Doubt[]): string {
  const refs = [...new Set(doubts.flatMap(({ ref }) => ref ?? []))];
  if (refs.length === 0) return "a rule needs";
  return refs.length === 1 ? `rule ${refs[0]} needs` : `rules ${refs.join(", ")} need`;
}

/** Says why a field is not known, and how to set it for one request or for all. */
function adviceOn(field: string): string {
  const name = visitorName(field)?.name;
  if (name !== undefined)
    return `which only Cloudflare knows; set it with the header \`Local-Visitor: ${name}=…\` or with \`--visitor\``;
  return field.startsWith("$") ? "a list that is not known here" : "which only Cloudflare knows";
}
