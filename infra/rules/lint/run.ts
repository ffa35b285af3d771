import type { Diagnostic, Severity } from "../diagnostic.ts";
import { applyEdits } from "./fix.ts";
import type { Finding, Lint, LintInput, PolicyExpression, PolicyRule, Problem, RuleProblem } from "./lint.ts";
import { prepare, prepareExpression } from "./prepare.ts";
import { LINTS } from "./registry.ts";

const ranks: readonly Severity[] = ["error", "warning", "hint"];

/**
 * Everything that is wrong, doubtful or unusual in a policy, rule by rule in the order in which a request passes them, then what
 * concerns the policy as a whole.
 */
export function lint(input: LintInput, lints: readonly Lint[] = LINTS): readonly Finding[] {
  const policy = prepare(input);
  const byRule = new Map<PolicyRule, Finding[]>(policy.rules.map((rule) => [rule, inRule(rule, lints)]));
  const rest: Finding[] = [];
  for (const one of lints) {
    if (!("inPolicy" in one)) continue;
    for (const problem of one.inPolicy(policy)) {
      const finding = propertyFinding(one, problem, problem.rule);
      (problem.rule ? (byRule.get(problem.rule) ?? rest) : rest).push(finding);
    }
  }
  return [...[...byRule.values()].flatMap(sorted), ...sorted(rest)];
}

function inRule(rule: PolicyRule, lints: readonly Lint[]): Finding[] {
  const findings: Finding[] = [];
  for (const expression of [rule.expression, ...(rule.counting ? [rule.counting] : [])]) {
    findings.push(...inExpression(rule, expression, lints));
  }
  for (const one of lints) {
    if ("inRule" in one) for (const problem of one.inRule(rule)) findings.push(propertyFinding(one, problem, rule));
  }
  return findings;
}

function inExpression(rule: PolicyRule, expression: PolicyExpression, lints: readonly Lint[]): readonly Finding[] {
  const { text, part } = expression;
  const where = {
    phase: rule.phase,
    rule: rule.label,
    property: part === "expression" ? "expression" : "ratelimit.counting_expression",
    text,
  };
  const found: Finding[] = [];
  for (const one of lints) {
    if (!("inExpression" in one)) continue;
    for (const { fix, severity = one.severity, ...problem } of one.inExpression(expression)) {
      const isSafe = fix !== undefined && keepsSense(expression, { ...problem, fix });
      found.push({ code: one.name, severity, ...problem, ...where, ...(isSafe && { fix }) });
    }
  }
  // A lint that explains an error with its correction says more than the parser's own complaint about the same place.
  const explained = (diagnostic: Diagnostic): boolean =>
    found.some(
      ({ code, severity, span }) =>
        code === diagnostic.code ||
        (severity === "error" && diagnostic.span.start <= span.end && span.start <= diagnostic.span.end),
    );
  return [...expression.diagnostics.filter((one) => !explained(one)).map((one) => ({ ...one, ...where })), ...found];
}

/** Whether an expression has no more errors with a fix than without. */
function keepsSense(expression: PolicyExpression, { fix = [] }: Problem): boolean {
  const { text, part, phase, plan, diagnostics } = expression;
  return prepareExpression(applyEdits(text, fix), part, phase, plan).diagnostics.length <= diagnostics.length;
}

function propertyFinding(one: Lint, problem: RuleProblem, rule: PolicyRule | undefined): Finding {
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
