/** `npm run rules -- format ['<expression>' ...]`: expressions in canonical form; without arguments, one from standard input. */
import { readFileSync } from "node:fs";
import { parse, print, render } from "../../infra/rules/index.ts";

/** Exit code: 0 printed, 1 an expression is wrong. */
export function formatCommand(args: readonly string[]): number {
  const texts = args.length > 0 ? args : [readFileSync(0, "utf8")];
  let failed = false;
  for (const text of texts) {
    const parsed = parse(text);
    if (parsed.ok) console.log(print(parsed.tree));
    else {
      failed = true;
      for (const diagnostic of parsed.diagnostics) console.error(render(diagnostic, text));
    }
  }
  return failed ? 1 : 0;
}
