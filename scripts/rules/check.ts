import { policyFor } from "../../infra/policy/index.ts";
import {
  type Finding,
  githubReport,
  jsonReport,
  LINTS,
  lint,
  type ProofDiagnostic,
  sarifReport,
  textReport,
} from "../../infra/rules/index.ts";
import { command, type OptionValues, oneOf, optionWithDefault } from "../command-line/index.ts";
import { POLICY_OPTIONS, siteOf } from "./options.ts";

/** The file that machine-readable findings name: the policy is made by code, which begins there. */
const ARTIFACT = "infra/policy/index.ts";

const FORMATS = ["text", "json", "sarif", "github"] as const;
const OPTIONS = {
  ...POLICY_OPTIONS,
  format: optionWithDefault("--format <format>", `${FORMATS.join(", ")}`, oneOf(FORMATS), "text"),
};

export const checkCommand = command({
  name: "check",
  summary: "Says what is wrong with the policy on a plan, before Cloudflare sees it.",
  options: OPTIONS,
  failure: "there are findings",
  examples: ["--plan pro", "--format sarif > findings.sarif"],
  run: ({ options }) => check(options),
});

function check({ plan, host, format }: OptionValues<typeof OPTIONS>): 0 | 1 {
  const site = siteOf(host);
  const { rulesets, diagnostics } = policyFor(site, plan);
  const findings = [...diagnostics.map(findingOf), ...lint({ plan, rulesets, hostnames: site.hostnames })];
  const reports = {
    text: () => textReport(findings),
    json: () => jsonReport(findings),
    sarif: () => sarifReport(findings, LINTS, ARTIFACT),
    github: () => githubReport(findings, ARTIFACT),
  };
  const report = reports[format]();
  if (report !== "") console.log(report);
  if (format === "text") {
    const rules = rulesets.reduce((sum, ruleset) => sum + ruleset.rules.length, 0);
    console.log(`${rules} rules on ${plan}, ${LINTS.length} lints: ${findings.length} findings`);
  }
  return findings.length > 0 ? 1 : 0;
}

const findingOf = ({ ref, file, pointer, ...diagnostic }: ProofDiagnostic): Finding => ({
  ...diagnostic,
  rule: ref ?? file,
  property: pointer.slice(1).replaceAll("/", ".") || "rule",
});
