/** `npm run rules -- format ['<expression>' ...]`: expressions in canonical form; without arguments, one from standard input. */
import { readFileSync } from "node:fs";
import { check, type Diagnostic, parse, print, render } from "../../infra/rules/index.ts";

/** What is no name of the language; whether a plan or a phase has it is not a question of form. */
const UNKNOWN = new Set(["unknown-field", "unknown-function"]);

/** Exit code: 0 printed, 1 an expression is wrong. */
export function formatCommand(args: readonly string[]): number {
  const texts = args.length > 0 ? args : [readFileSync(0, "utf8")];
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
