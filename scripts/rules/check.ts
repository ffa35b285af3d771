/** `npm run rules -- check`: lints the policy for a plan, before Cloudflare sees it. */
import { githubReport, jsonReport, LINTS, lint, sarifReport, textReport } from "../../infra/rules/index.ts";
import { readOptions, rulesetsOf, UsageError } from "./options.ts";

const USAGE =
  "usage: npm run rules -- check [--plan free|pro|business|enterprise] [--host HOST] [--format text|json|sarif|github]";

/** What findings in machine-readable form are about: the policy is made by code, and this is its front door. */
const ARTIFACT = "infra/policy/index.ts";

/** Exit code: 0 clean, 1 findings, 2 wrong use. */
export function checkCommand(args: readonly string[]): number {
  const { plan, site, words, format } = readOptions(args, USAGE);
  if (words.length > 0) throw new UsageError(USAGE);
  const rulesets = rulesetsOf(site, plan);
  const findings = lint({ plan, rulesets, hostnames: site.hostnames });
  const reports: Readonly<Record<string, () => string>> = {
    text: () => textReport(findings),
    json: () => jsonReport(findings),
    sarif: () => sarifReport(findings, LINTS, ARTIFACT),
    github: () => githubReport(findings, ARTIFACT),
  };
  const report = Object.hasOwn(reports, format) ? reports[format] : undefined;
  if (!report) throw new UsageError(`there is no format "${format}"\n${USAGE}`);
  const written = report();
  if (written !== "") console.log(written);
  if (format === "text") {
    const rules = rulesets.reduce((sum, ruleset) => sum + ruleset.rules.length, 0);
    console.log(`${rules} rules on ${plan}, ${LINTS.length} lints: ${findings.length} findings`);
  }
  return findings.length > 0 ? 1 : 0;
}
