import type { Severity } from "../diagnostic.ts";
import { applyEdits } from "./fix.ts";
import type { Finding, Lint, LintInput, LintProblem, PolicyExpression, PreparedRule, RuleProblem } from "./lint.ts";
import { labelOf, prepare, prepareExpression } from "./prepare.ts";
import { isReadable, refusedBy, refusedFinding } from "./refused.ts";
import { LINTS } from "./registry.ts";

const ranks: readonly Severity[] = ["error", "warning", "hint"];

/**
 * Everything that Cloudflare refuses, and everything that is doubtful or unusual in a policy, rule by rule in the
 * order in which a request passes them, then what concerns the policy as a whole.
 */
export function lint(input: LintInput, lints: readonly Lint[] = LINTS): readonly Finding[] {
  const refused = refusedBy(input);
  const ofRule = (ruleset: number, rule?: number) => refused[ruleset]?.filter(({ index }) => index === rule) ?? [];
  const policy = prepare(input, (ruleset, rule) => isReadable(ofRule(ruleset, rule)));
  const byRule = new Map<PreparedRule, Finding[]>();
  const all: Finding[][] = [];
  const rest: Finding[] = [];
  for (const [place, ruleset] of input.rulesets.entries()) {
    for (const [index, rule] of ruleset.rules.entries()) {
      const refused = ofRule(place, index).map((one) => refusedFinding(one, ruleset, labelOf(rule, index)));
      const prepared = policy.rulesets[place]?.rules.find((one) => one.index === index);
      const findings = prepared ? inRule(prepared, refused, lints) : refused;
      if (prepared) byRule.set(prepared, findings);
      all.push(findings);
    }
    rest.push(...ofRule(place).map((one) => refusedFinding(one, ruleset)));
  }
  for (const one of lints) {
    if (!("inPolicy" in one)) continue;
    for (const problem of one.inPolicy(policy)) {
      const finding = propertyFinding(one, problem, problem.rule);
      (problem.rule ? (byRule.get(problem.rule) ?? rest) : rest).push(finding);
    }
  }
  return [...all.flatMap(sorted), ...sorted(rest)];
}

function inRule(rule: PreparedRule, refused: readonly Finding[], lints: readonly Lint[]): Finding[] {
  const expressions = [rule.expression, ...(rule.counting ? [rule.counting] : [])];
  const found = expressions.flatMap((expression) => inExpression(rule, expression, lints));
  // A lint that explains an error with its correction replaces the parser's own diagnostic at the same place.
  const explained = (one: Finding): boolean =>
    found.some(
      ({ code, severity, property, span }) =>
        property === one.property &&
        (code === one.code || (severity === "error" && one.span.start <= span.end && span.start <= one.span.end)),
    );
  const findings = [...refused.filter((one) => !explained(one)), ...found];
  for (const one of lints) {
    if ("inRule" in one) for (const problem of one.inRule(rule)) findings.push(propertyFinding(one, problem, rule));
  }
  return findings;
}

function inExpression(rule: PreparedRule, expression: PolicyExpression, lints: readonly Lint[]): readonly Finding[] {
  const { text, part } = expression;
  const where = {
    phase: rule.phase,
    rule: rule.label,
    property: part === "expression" ? "expression" : "ratelimit.counting_expression",
    text,
  };
  const found: Finding[] = [];
  for (const one of lints) {
    if (!("inExpression" in one) || expression.isTooLong) continue;
    for (const { fix, severity = one.severity, ...problem } of one.inExpression(expression)) {
      const isSafe = fix !== undefined && keepsSense(expression, { ...problem, fix });
      found.push({ code: one.name, severity, ...problem, ...where, ...(isSafe && { fix }) });
    }
  }
  return found;
}

/** Whether an expression has no more errors with a fix than without. */
function keepsSense(expression: PolicyExpression, { fix = [] }: LintProblem): boolean {
  const { text, part, phase, plan, diagnostics } = expression;
  return prepareExpression(applyEdits(text, fix), part, phase, plan).diagnostics.length <= diagnostics.length;
}

function propertyFinding(one: Lint, problem: RuleProblem, rule: PreparedRule | undefined): Finding {
  const { property, message, hint, severity = one.severity } = problem;
  const value = property
    .split(".")
    .reduce<unknown>(
      (object, key) => (typeof object === "object" && object !== null ? Reflect.get(object, key) : undefined),
      rule?.rule,
    );
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return {
    code: one.name,
    severity,
    message,
    span: { start: 0, end: text.length },
    ...(hint && { hint }),
    ...(rule && { phase: rule.phase, rule: rule.label }),
    property,
    text,
  };
}

/** Errors first, then by place. */
function sorted(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort(
    (a, b) =>
      Number(a.property !== "expression") - Number(b.property !== "expression") ||
      a.property.localeCompare(b.property) ||
      a.span.start - b.span.start ||
      ranks.indexOf(a.severity) - ranks.indexOf(b.severity),
  );
}
