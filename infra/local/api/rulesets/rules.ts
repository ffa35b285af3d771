/**
 * A ruleset's rules as they come in, checked and given their identity. A rule keeps its id across a write if the body has
 * the same `ref` or the same `id`; else it is a new rule (https://developers.cloudflare.com/terraform/troubleshooting/rule-id-changes/).
 */
import { isDeepStrictEqual } from "node:util";
import {
  type Action,
  PHASE_SPECS,
  type Phase,
  type Plan,
  type Rule,
  redirectExpression,
} from "../../../rules/index.ts";
import type { Clock } from "../clock.ts";
import { type ApiError, invalid } from "../errors.ts";
import { newId } from "../ids.ts";
import { anything, flag, integer, isObject, list, type Misfit, object, record, text } from "../shape.ts";
import type { StoredRule } from "../state.ts";
import { needsParameters, parameterShapes } from "./action-parameters.ts";
import { assertEntitled } from "./entitlements.ts";
import { assertExpression } from "./expression.ts";

export interface RuleContext {
  readonly phase: Phase;
  readonly plan: Plan;
  readonly clock: Clock;
}

/** Without `exposed_credential_check`: it is deprecated, the edge here does not run it, and what does not run is refused. */
const ruleShape = object({
  "action*": text({ min: 1, max: 100 }),
  "expression*": text(),
  id: text({ max: 32 }),
  // read-only, but a rule that was read may be sent back as it is
  version: text(),
  last_updated: text(),
  categories: list(text()),
  ref: text({ min: 1, max: 100 }),
  description: text({ max: 500 }),
  enabled: flag,
  action_parameters: record(anything),
  logging: object({ "enabled*": flag }),
  ratelimit: object({
    "characteristics*": list(text({ min: 1, max: 500 }), 10),
    "period*": integer(1),
    requests_per_period: integer(1, 1_000_000_000),
    mitigation_timeout: integer(),
    counting_expression: text(),
    requests_to_origin: flag,
    score_per_period: integer(1),
    score_response_header_name: text({ min: 1, max: 255 }),
  }),
  position: object({ before: text(), after: text(), index: integer(1) }),
});

/** A misfit in a ruleset's body; the numeric code is ours where Cloudflare's is not known. */
export function refuseRuleset({ pointer, message }: Misfit): ApiError {
  return message.startsWith("unknown field")
    ? invalid(20000, `invalid JSON: ${message}`, pointer)
    : invalid(20000, `invalid ruleset: ${pointer || "/"} ${message}`, pointer);
}

/** The rules to store for a whole list. @throws 400 with a pointer to the first rule that is wrong */
export function writeRules(before: readonly StoredRule[], incoming: unknown, context: RuleContext): StoredRule[] {
  const misfit = list(ruleShape, 1000)(incoming, "/rules");
  if (misfit) throw refuseRuleset(misfit);
  const taken = new Set<string>();
  return (incoming as Rule[]).map((rule, index) => {
    const stored = writeRule(before, rule, context, `/rules/${index}`, taken);
    if (taken.has(stored.ref))
      throw refuseRuleset({ pointer: `/rules/${index}/ref`, message: `'${stored.ref}' is the ref of another rule` });
    taken.add(stored.ref);
    taken.add(stored.id);
    return stored;
  });
}

/** One rule of a body that is a rule itself. @throws 400 */
export function writeSingleRule(before: readonly StoredRule[], incoming: unknown, context: RuleContext): StoredRule {
  const misfit = ruleShape(incoming, "");
  if (misfit) throw refuseRuleset(misfit);
  return writeRule(before, incoming as Rule, context, "", new Set());
}

function writeRule(
  before: readonly StoredRule[],
  rule: Rule,
  context: RuleContext,
  pointer: string,
  taken: ReadonlySet<string>,
): StoredRule {
  assertRule(rule, context, pointer);
  const same = before.find(
    (old) => !taken.has(old.id) && (rule.ref !== undefined ? old.ref === rule.ref : old.id === rule.id),
  );
  const id = same?.id ?? newId();
  const content = {
    action: rule.action,
    ...(rule.action_parameters ? { action_parameters: rule.action_parameters } : {}),
    ...(rule.description === undefined ? {} : { description: rule.description }),
    enabled: rule.enabled ?? true,
    expression: rule.expression,
    // skip is the one action that logs unless it is told not to
    ...(rule.action === "skip" ? { logging: rule.logging ?? { enabled: true } } : {}),
    ...(rule.ratelimit ? { ratelimit: { mitigation_timeout: 0, ...rule.ratelimit } } : {}),
    ref: rule.ref ?? same?.ref ?? id,
  };
  const changed = same === undefined || !isDeepStrictEqual(contentOf(same), content);
  return {
    id,
    version: same === undefined ? "1" : changed ? String(Number(same.version) + 1) : same.version,
    last_updated: changed ? context.clock.timestamp() : same.last_updated,
    ...content,
  };
}

function contentOf({ id: _id, version: _version, last_updated: _updated, ...content }: StoredRule): object {
  return content;
}

function assertRule(rule: Rule, { phase, plan }: RuleContext, pointer: string): void {
  const { actions } = PHASE_SPECS[phase];
  if (!actions.includes(rule.action)) {
    throw refuseRuleset({
      pointer: `${pointer}/action`,
      message: `'${rule.action}' is not an action of the phase ${phase} (${actions.join(", ")})`,
    });
  }
  assertParameters(rule.action, rule.action_parameters, `${pointer}/action_parameters`);
  if (rule.logging && rule.action !== "skip") {
    throw invalid(20018, "logging options only allowed in the skip action", `${pointer}/logging`);
  }
  if (phase === "http_ratelimit" && rule.action !== "execute" && !rule.ratelimit) {
    throw refuseRuleset({ pointer: `${pointer}/ratelimit`, message: "is required in the phase http_ratelimit" });
  }
  if (phase !== "http_ratelimit" && rule.ratelimit) {
    throw refuseRuleset({ pointer: `${pointer}/ratelimit`, message: `is not allowed in the phase ${phase}` });
  }
  assertExpression(rule.expression, { phase, plan, part: "expression", pointer: `${pointer}/expression` });
  const counting = rule.ratelimit?.counting_expression;
  if (counting) {
    assertExpression(counting, { phase, plan, part: "counting", pointer: `${pointer}/ratelimit/counting_expression` });
  }
  const target = redirectExpression(rule);
  if (target !== undefined) {
    const at = `${pointer}/action_parameters/from_value/target_url/expression`;
    assertExpression(target, { phase, plan, part: "target", pointer: at });
  }
  assertEntitled(rule, plan, pointer);
}

function assertParameters(action: Action, parameters: unknown, pointer: string): void {
  const misfit = parameters === undefined ? undefined : parameterShapes[action]?.(parameters, pointer);
  if (misfit) throw refuseRuleset(misfit);
  if (needsParameters.has(action) && (!isObject(parameters) || Object.keys(parameters).length === 0)) {
    throw refuseRuleset({ pointer, message: `is required for the action ${action}` });
  }
}
