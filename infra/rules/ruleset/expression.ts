/** Whether the engine understands an expression of a rule, and what Cloudflare's API responds where it does not. */
import type { Analysis } from "../check/analyze.ts";
import { lengthError, type Where } from "../check/availability.ts";
import { diagnoseCondition, diagnoseValue } from "../check/diagnose.ts";
import type { Condition } from "../check/typed.ts";
import { article, mismatch } from "../check/words.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { engineError } from "../render.ts";
import { EXPRESSION_SIZE } from "../schema/limits.ts";
import type { Phase } from "../schema/phases.ts";
import { SCHEMA } from "../schema/schema.ts";
import { arrayOf } from "../schema/type.ts";
import { sizeOf } from "../text-size.ts";
import type { ApiRefusal, RulesetValue, Tell } from "./diagnostic.ts";

const PAGE = "https://developers.cloudflare.com/ruleset-engine/rules-language/expressions/";

/** An expression's value and place. */
export type ExpressionPlace = RulesetValue & { readonly value: string };

/** What an expression uses, with its condition where nothing is wrong with it. */
export type CheckedExpression = Omit<Analysis, "condition"> & { readonly condition?: Condition };

/** Checks an expression that is true or false. Undefined where it is too long or blank to be looked at. */
export function checkCondition(
  place: ExpressionPlace,
  where: Where & { readonly phase: Phase },
  tell: Tell,
): CheckedExpression | undefined {
  if (!isReadable(place, where.phase, tell)) return undefined;
  const { analysis, diagnostics } = diagnoseCondition(place.value, { part: "expression", ...where, schema: SCHEMA });
  tellErrors(place, where.phase, diagnostics, tell);
  return analysis;
}

/** Checks an expression that makes a value: text, or anything for a characteristic. */
export function checkValueExpression(
  place: ExpressionPlace,
  where: Where & { readonly phase: Phase },
  makes: "text" | "anything",
  tell: Tell,
): void {
  if (!isReadable(place, where.phase, tell)) return;
  const subject = { part: "value", ...where, schema: SCHEMA } as const;
  const { tree, analysis, diagnostics } = diagnoseValue(place.value, subject);
  const all = [...diagnostics];
  const { reader } = analysis;
  const type = reader && (reader.mapped ? arrayOf(reader.type) : reader.type);
  if (makes === "text" && type !== undefined && type !== "Bytes") {
    all.push({
      code: "type-mismatch",
      severity: "error",
      message: `expected a value that is text, but this is ${article(type)}`,
      span: tree.span,
      engine: { message: mismatch("Bytes", type), at: tree.span.end },
    });
  }
  tellErrors(place, where.phase, all, tell);
}

/** Whether the expression is neither blank nor too long. What is too long is not parsed. */
function isReadable(place: ExpressionPlace, phase: Phase, tell: Tell): boolean {
  const { value } = place;
  const tooLong = lengthError(value);
  if (tooLong) {
    tellErrors(place, phase, [tooLong], tell);
    return false;
  }
  if (/\S/u.test(value)) return true;
  const why = "because the expression cannot be blank";
  tell(place, {
    code: "blank-expression",
    message: "the expression is blank",
    hint: 'write "true" where every request is meant',
    page: PAGE,
    api: { code: 20125, message: `'${value.slice(0, 100)}' is not a valid value for expression ${why}` },
  });
  return false;
}

function tellErrors(place: ExpressionPlace, phase: Phase, diagnostics: readonly Diagnostic[], tell: Tell): void {
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity !== "error") continue;
    const { code, message, span, hint } = diagnostic;
    tell(place, {
      code,
      message,
      span,
      page: PAGE,
      ...(hint && { hint }),
      api: refusalOf(place.value, diagnostic, phase),
    });
  }
}

/** Cloudflare's own words for an error of an expression. */
function refusalOf(expression: string, diagnostic: Diagnostic, phase: Phase): ApiRefusal {
  if (diagnostic.code === "expression-too-long") {
    const size = sizeOf(expression, EXPRESSION_SIZE);
    return { code: 20127, message: `expression size ${size} exceeded maximum ${EXPRESSION_SIZE.most}` };
  }
  if (diagnostic.code === "regex-plan") {
    const needed =
      phase === "http_ratelimit" ? "an Advanced Rate Limiting plan" : "a Business plan or a WAF Advanced plan";
    return { code: 50002, message: `not entitled: the use of operator Matches is not allowed, ${needed} is required` };
  }
  if (diagnostic.code.endsWith("-plan")) return { code: 50002, message: `not entitled: ${diagnostic.message}` };
  const why = `could not parse filter expression: ${engineError(diagnostic, expression)}`;
  return { code: 20127, message: `'${expression}' is not a valid value for expression because ${why}` };
}
