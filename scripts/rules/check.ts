/** `npm run rules -- check`: what is wrong with the policy on a plan, before Cloudflare sees it. */
import { entitlementProblems } from "../../infra/policy/index.ts";
import { compile, render } from "../../infra/rules/index.ts";
import { readOptions, rulesetsOf, UsageError } from "./options.ts";

const USAGE = "usage: npm run rules -- check [--plan free|pro|business|enterprise] [--host HOST]";

/** Exit code: 0 clean, 1 findings, 2 wrong use. */
export function checkCommand(args: readonly string[]): number {
  const { plan, site, words } = readOptions(args, USAGE);
  if (words.length > 0) throw new UsageError(USAGE);
  const rulesets = rulesetsOf(site, plan);
  const findings: string[] = [];
  let rules = 0;
  for (const { phase, rules: all } of rulesets) {
    for (const { ref, expression } of all) {
      rules += 1;
      const compiled = compile(expression, { phase, plan });
      if (!compiled.ok)
        findings.push(...compiled.diagnostics.map((one) => `${phase} ${ref}\n${render(one, expression)}`));
    }
  }
  findings.push(...entitlementProblems(rulesets, plan).map((problem) => JSON.stringify(problem)));
  for (const finding of findings) console.log(finding);
  console.log(`${rules} rules on ${plan}: ${findings.length} findings`);
  return findings.length > 0 ? 1 : 0;
}
