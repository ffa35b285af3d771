/** Whether the edge understands a rule's expression, said as Cloudflare's API says it. */
import type { Phase, Plan } from "../../../rules/engine/types.ts";
import { invalid } from "../errors.ts";

/** Characters, https://developers.cloudflare.com/ruleset-engine/rules-language/expressions/#maximum-rule-expression-length */
const MAX_EXPRESSION = 4096;

/** @throws 400 code 20125 for a blank expression, 20127 for one that is too long or is not understood */
export function assertExpression(expression: string, _phase: Phase, _plan: Plan, pointer: string): void {
  if (expression.trim() === "") {
    throw invalid(
      20125,
      `'${expression.slice(0, 100)}' is not a valid value for expression because the expression cannot be blank`,
      pointer,
    );
  }
  if (expression.length > MAX_EXPRESSION) {
    throw invalid(20127, `expression size ${expression.length} exceeded maximum ${MAX_EXPRESSION}`, pointer);
  }
}
