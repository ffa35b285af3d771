import { VISITORS } from "../../infra/policy/without-rules.ts";
import { knownVisitor, type Visitor, visitorProblems } from "../../infra/rules/index.ts";
import { CommandError, oneOf, optionWithDefault, UsageError } from "../command-line/index.ts";

/** Name of no visitor: what only Cloudflare knows is then unknown. */
const NONE = "none";
const NAMES = Object.keys(VISITORS);

/** Who sends the requests of a command. */
export const VISITOR_OPTION = optionWithDefault(
  "--visitor <name>",
  `who sends the requests, for what only Cloudflare knows: ${NAMES.join(", ")} (infra/policy/visitors.ts), or ${NONE}`,
  oneOf([...NAMES, NONE]),
  "ordinary",
);

/** A value of `VISITOR_OPTION` as a visitor; undefined for `none`. @throws CommandError where it is written wrongly */
export function chosenVisitor(name: string): Visitor | undefined {
  return name === NONE ? undefined : visitorNamed(name);
}

/** A visitor of the policy by its name. @throws UsageError, CommandError where it is written wrongly */
export function visitorNamed(name: string): Visitor {
  const visitor = knownVisitor(VISITORS, name);
  if (!visitor) {
    throw new UsageError(`--visitor is "${name}". It must be one of infra/policy/visitors.ts: ${NAMES.join(", ")}.`);
  }
  const problems = visitorProblems(visitor);
  if (problems.length > 0) throw new CommandError(`infra/policy/visitors.ts, ${name}: ${problems.join("; ")}`);
  return visitor;
}
