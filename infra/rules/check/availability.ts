/** Whether a phase and a plan have what an expression uses. */
import type { Diagnostic, DiagnosticCode, Span } from "../diagnostic.ts";
import { MAX_DIAGNOSTICS } from "../language/parse.ts";
import type { FieldSpec } from "../schema/fields.ts";
import type { FunctionSpec } from "../schema/functions.ts";
import { EXPRESSION_SIZE, MAX_REGEXES } from "../schema/limits.ts";
import { PHASE_SPECS, type Phase } from "../schema/phases.ts";
import { includesPlan, PLAN_LIMITS, PLANS, type Plan, planFrom, planName } from "../schema/plans.ts";
import { sizeOf } from "../text-size.ts";
import type { Analysis } from "./analyze.ts";

/** Where an expression runs. What is absent is not checked. */
export interface Where {
  readonly phase?: Phase;
  readonly plan?: Plan;
  /**
   * Which part of a rule it is: the condition, the counting expression of a rate limiting rule, which may read the
   * response, or a value that the rule writes, such as the target of a rewrite.
   */
  readonly part?: "expression" | "counting" | "value";
}

/** The error of an expression that is longer than Cloudflare takes. */
export function lengthError(text: string): Diagnostic | undefined {
  const size = sizeOf(text, EXPRESSION_SIZE);
  const { most } = EXPRESSION_SIZE;
  if (size <= most) return undefined;
  return {
    code: "expression-too-long",
    severity: "error",
    message: `the expression has ${size} characters, ${size - most} more than the ${most} that Cloudflare takes`,
    span: { start: most, end: text.length },
    hint: "move addresses or hosts into a list, or divide the rule",
  };
}

/** Everything that the phase or plan does not offer, as errors: Cloudflare would refuse it. */
export function availability(analysis: Omit<Analysis, "condition">, text: string, where: Where): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const report = (code: DiagnosticCode, span: Span, message: string, hint?: string): void => {
    if (found.length < MAX_DIAGNOSTICS) found.push({ code, severity: "error", message, span, ...(hint && { hint }) });
  };

  const tooLong = lengthError(text);
  if (tooLong) found.push(tooLong);
  const surplus = analysis.regexes[MAX_REGEXES];
  if (surplus)
    report(
      "too-many-regexes",
      surplus,
      `a rule has at most ${MAX_REGEXES} regular expressions, this one has ${analysis.regexes.length}`,
    );

  for (const { used, span } of analysis.fields) {
    const problem = fieldInPhase(used, where) ?? fieldOnPlan(used, where);
    if (problem) report(problem.code, span, problem.message, problem.hint);
  }
  for (const { used, span } of analysis.functions) {
    const problem = functionProblem(used, where);
    if (problem) report(problem.code, span, problem.message, problem.hint);
  }
  // The outer call comes before the inner, so that a call lies in an earlier one that does not end before it.
  const ends = new Map<FunctionSpec, number>();
  for (const { used, span, call } of analysis.functions) {
    if (!used.once) continue;
    const outer = [...ends].find(([spec, end]) => spec !== used && end >= call.end)?.[0];
    if (ends.has(used))
      report(
        "function-repeated",
        span,
        `${used.name}() can be used once in an expression`,
        "rewrite in several steps: one rule for each",
      );
    else if (outer)
      report(
        "function-nested",
        span,
        `${used.name}() cannot be used inside ${outer.name}()`,
        "rewrite in two steps: one rule for each",
      );
    ends.set(used, Math.max(ends.get(used) ?? 0, call.end));
  }
  const { plan } = where;
  if (plan && !PLAN_LIMITS[plan].regex)
    for (const span of analysis.regexes)
      report(
        "regex-plan",
        span,
        `regular expressions need ${planName(PLANS.find((one) => PLAN_LIMITS[one].regex) ?? "enterprise")} or ` +
          `higher, this is ${planName(plan)}`,
        "use contains, starts_with, ends_with or wildcard instead",
      );
  return found;
}

interface AvailabilityProblem {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
}

function fieldInPhase(
  { name, source, phases, valuesOnly }: FieldSpec,
  { phase, part }: Where,
): AvailabilityProblem | undefined {
  if (!phase) return undefined;
  if (source === "network")
    return { code: "field-phase", message: `${name} belongs to Network Firewall; HTTP rules do not have it` };
  if (phases && !phases.includes(phase))
    return { code: "field-phase", message: `${name} cannot be used in ${phase}; it exists in ${phases.join(", ")}` };
  if (valuesOnly && part === "expression")
    return {
      code: "field-phase",
      message: `${name} cannot be used in the condition of a rule, only in a value that the rule writes`,
    };
  if (
    source !== "response" ||
    PHASE_SPECS[phase].isAfterResponse ||
    (phase === "http_ratelimit" && part === "counting")
  )
    return undefined;
  return {
    code: "field-phase",
    message: `${name} is known after the origin has responded, but ${phase} runs before`,
    ...(phase === "http_ratelimit" && { hint: "it can be used in the counting expression of a rate limiting rule" }),
  };
}

const ONLY_THERE = "leave it out, or make the rule a function that returns undefined on the plans without it";

function fieldOnPlan(field: FieldSpec, { plan }: Where): AvailabilityProblem | undefined {
  if (!plan || includesPlan(plan, field.plan)) return undefined;
  return {
    code: "field-plan",
    message: `${field.name} needs ${planFrom(field.plan)}, this is ${planName(plan)}`,
    hint: ONLY_THERE,
  };
}

function functionProblem(
  { name, phases, plan: needed }: FunctionSpec,
  { phase, plan }: Where,
): AvailabilityProblem | undefined {
  if (phase && phases && !phases.includes(phase))
    return {
      code: "function-phase",
      message:
        `${name}() cannot be used in ${phase}; ` +
        `${phases.length > 0 ? `it exists in ${phases.join(", ")}` : "it belongs to Network Firewall"}`,
    };
  if (plan && needed && !includesPlan(plan, needed))
    return {
      code: "function-plan",
      message: `${name}() needs ${planFrom(needed)}, this is ${planName(plan)}`,
      hint: ONLY_THERE,
    };
  return undefined;
}
