import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { githubReport, jsonReport, LINTS, sarifReport, textReport } from "../../infra/rules/index.ts";
import {
  command,
  flag,
  type OptionValues,
  oneOf,
  optionWithDefault,
  printForPeople,
  UsageError,
} from "../command-line/index.ts";
import { POLICY_OPTIONS, siteOf } from "./options.ts";
import { loadPolicy } from "./policy.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Named by findings that are about no file of a rule. */
const POLICY = "infra/policy/index.ts";

const FORMATS = ["text", "json", "sarif", "github"] as const;
const OPTIONS = {
  ...POLICY_OPTIONS,
  format: optionWithDefault("--format <format>", `${FORMATS.join(", ")}`, oneOf(FORMATS), "text"),
  fix: flag("--fix", "corrects in the files what is certain, and shows the change"),
};

export const checkCommand = command({
  name: "check",
  summary: "Says what is wrong with the policy on a plan, before Cloudflare sees it.",
  options: OPTIONS,
  failure: "there are errors or warnings; hints alone end with 0",
  examples: ["--plan pro", "--fix", "--format sarif > findings.sarif"],
  run: ({ options }) => check(options),
});

async function check({ plan, host, service, format, fix }: OptionValues<typeof OPTIONS>): Promise<0 | 1> {
  if (fix && format !== "text") throw new UsageError("--fix shows its changes as text: leave --format out");
  const { findingsOf, fixFindings, readPolicy } = await loadPolicy();
  const site = siteOf(host, service);
  const policy = readPolicy(site, plan);
  const found = findingsOf({ policy, site, plan, root: ROOT });
  if (fix) {
    const { lines, hasChanged } = fixFindings(found, ROOT);
    for (const line of lines) printForPeople(line);
    if (hasChanged) return checkAgain(plan, host, service);
  }
  const findings = found.map(({ literal: _, isAmbiguous: __, ...finding }) => finding);
  const reports = {
    text: () => textReport(findings),
    json: () => jsonReport(findings),
    sarif: () => sarifReport(findings, LINTS, POLICY),
    github: () => githubReport(findings, POLICY),
  };
  const report = reports[format]();
  // what programs read has escapes of its own
  if (report !== "") (format === "text" ? printForPeople : console.log)(report);
  if (format === "text") {
    const rules = policy.rulesets.reduce((sum, ruleset) => sum + ruleset.rules.length, 0);
    console.log(`${rules} rules on ${plan}, ${LINTS.length} lints: ${findings.length} findings`);
    if (!fix && findings.some((finding) => finding.fix !== undefined)) {
      console.log("`npm run rules -- check --fix` corrects expressions that are one text in their file.");
    }
  }
  return findings.some(({ severity }) => severity !== "hint") ? 1 : 0;
}

/** What the files hold now, in a process of its own: this one has loaded what they held before. */
function checkAgain(plan: string, hosts: readonly string[], services: readonly string[]): 0 | 1 {
  const script = join(ROOT, "scripts/rules.ts");
  const names = [
    ...hosts.flatMap((host) => ["--host", host]),
    ...services.flatMap((service) => ["--service", service]),
  ];
  const args = ["check", "--plan", plan, ...names];
  const { status, error } = spawnSync(process.execPath, [...process.execArgv, script, ...args], { stdio: "inherit" });
  if (error !== undefined) throw error;
  return status === 0 ? 0 : 1;
}
