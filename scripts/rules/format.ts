import { readFileSync } from "node:fs";
import { check, type Diagnostic, parse, print, render } from "../../infra/rules/index.ts";
import { argumentList, command } from "../command-line/index.ts";

/** Codes of diagnostics for names that the language does not have. What a plan or a phase has does not matter here. */
const UNKNOWN = new Set(["unknown-field", "unknown-function"]);

export const formatCommand = command({
  name: "format",
  summary: "Prints expressions in canonical form.",
  arguments: { expression: argumentList("expressions (one, from standard input)") },
  failure: "an expression is wrong",
  examples: [`'http.host=="x"&&(ssl)'`, "< expression.txt"],
  run: ({ args }) => format(args.expression.length > 0 ? args.expression : [readFileSync(0, "utf8")]),
});

function format(texts: readonly string[]): 0 | 1 {
  let failed = false;
  for (const text of texts) {
    const parsed = parse(text);
    const problems: readonly Diagnostic[] = parsed.ok
      ? check(parsed.tree, { text }).filter(({ code }) => UNKNOWN.has(code))
      : parsed.diagnostics;
    if (parsed.ok && problems.length === 0) console.log(print(parsed.tree));
    else failed = true;
    for (const diagnostic of problems) console.error(render(diagnostic, text));
  }
  return failed ? 1 : 0;
}
