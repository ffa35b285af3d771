import { check, type Diagnostic, PLANS, type Plan, parse, print, render } from "../../infra/rules/index.ts";
import { argumentList, command, oneOf, option } from "../command-line/index.ts";
import { readInput } from "./input.ts";

/** Codes of diagnostics for names that the language does not have. */
const UNKNOWN = new Set(["unknown-field", "unknown-function"]);

export const formatCommand = command({
  name: "format",
  summary: "Prints expressions in canonical form.",
  arguments: { expression: argumentList("expressions (one, from standard input)") },
  options: {
    plan: option("--plan <plan>", `refuses what this plan does not have: ${PLANS.join(", ")}`, oneOf(PLANS)),
  },
  failure: "an expression is wrong",
  examples: [`'http.host=="x"&&(ssl)'`, "--plan free < expression.txt"],
  run: async ({ args, options: { plan } }) =>
    format(args.expression.length > 0 ? args.expression : [await readInput("-")], plan),
});

function format(texts: readonly string[], plan: Plan | undefined): 0 | 1 {
  let failed = false;
  for (const text of texts) {
    const parsed = parse(text);
    const problems: readonly Diagnostic[] = parsed.ok ? problemsOf(parsed.tree, text, plan) : parsed.diagnostics;
    if (parsed.ok && problems.length === 0) console.log(print(parsed.tree));
    else failed = true;
    for (const diagnostic of problems) console.error(render(diagnostic, text));
  }
  return failed ? 1 : 0;
}

/** Without a plan only unknown names are problems: what is printed may be for any plan and phase. */
function problemsOf(tree: Parameters<typeof check>[0], text: string, plan: Plan | undefined): readonly Diagnostic[] {
  if (plan !== undefined) return check(tree, { text, plan }).filter(({ severity }) => severity === "error");
  return check(tree, { text }).filter(({ code }) => UNKNOWN.has(code));
}
