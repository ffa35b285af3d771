/** Whether the edge understands a rule's expression, said as Cloudflare's API says it. */
import {
  check,
  compileText,
  type Diagnostic,
  engineError,
  MAX_EXPRESSION_LENGTH,
  type Phase,
  type Plan,
  parse,
  type Where,
} from "../../../rules/index.ts";
import { type ApiError, invalid, notEntitled } from "../errors.ts";

/** Where an expression stands. */
export interface ExpressionPlace {
  readonly phase: Phase;
  readonly plan: Plan;
  /** `target`: its value is text, the place that a redirect leads to. */
  readonly part: "expression" | "counting" | "target";
  /** JSON pointer into the body. */
  readonly pointer: string;
}

/** @throws 400: 20125 for a blank expression, 20127 for one that is too long or not understood, 50002 for what the plan lacks */
export function assertExpression(expression: string, place: ExpressionPlace): void {
  const { phase, plan, part, pointer } = place;
  if (expression.trim() === "") {
    const shown = expression.slice(0, 100);
    throw invalid(
      20125,
      `'${shown}' is not a valid value for expression because the expression cannot be blank`,
      pointer,
    );
  }
  if (expression.length > MAX_EXPRESSION_LENGTH) {
    const size = `expression size ${expression.length} exceeded maximum ${MAX_EXPRESSION_LENGTH}`;
    throw invalid(20127, size, pointer);
  }
  const diagnostics =
    part === "target" ? targetDiagnostics(expression, place) : conditionDiagnostics(expression, { phase, plan, part });
  const error = diagnostics.find(({ severity }) => severity === "error");
  if (error) throw refusal(expression, error, place);
}

function targetDiagnostics(text: string, { phase, plan }: ExpressionPlace): readonly Diagnostic[] {
  const compiled = compileText(text, { phase, plan });
  return compiled.ok ? [] : compiled.diagnostics;
}

function conditionDiagnostics(text: string, { phase, plan, part }: Required<Where>): readonly Diagnostic[] {
  const parsed = parse(text);
  if (!parsed.ok) return parsed.diagnostics;
  // Phase and plan apart: together they would hold a rate limiting rule to the fields that the documentation lists for the
  // plan, and the API has been seen to take others.
  return [...check(parsed.tree, { text, phase, part }), ...check(parsed.tree, { text, plan, part })];
}

function refusal(expression: string, error: Diagnostic, { phase, pointer }: ExpressionPlace): ApiError {
  if (error.code === "regex-plan") {
    const needed =
      phase === "http_ratelimit" ? "an Advanced Rate Limiting plan" : "a Business plan or a WAF Advanced plan";
    return notEntitled(`not entitled: the use of operator Matches is not allowed, ${needed} is required`, pointer);
  }
  if (error.code.endsWith("-plan")) return notEntitled(`not entitled: ${error.message}`, pointer);
  const why = `could not parse filter expression: ${engineError(error, expression)}`;
  return invalid(20127, `'${expression}' is not a valid value for expression because ${why}`, pointer);
}
