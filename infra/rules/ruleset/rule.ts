/** Whether Cloudflare accepts one rule of a ruleset. */
import type { Where } from "../check/availability.ts";
import type { ListKind } from "../schema/lists.ts";
import { needsParameters, parametersOf, RULE } from "../schema/parameters.ts";
import { type Action, PHASE_SPECS, type Phase } from "../schema/phases.ts";
import { MANAGED_RULESETS, PLAN_LIMITS, type Plan, planName } from "../schema/plans.ts";
import { below, notEntitled, type RulesetValue, shown, type Tell } from "./diagnostic.ts";
import { type CheckedExpression, checkCondition, checkValueExpression } from "./expression.ts";
import { checkLists } from "./lists.ts";
import { checkRateLimit, checkRateLimitPresence } from "./rate-limit.ts";
import { checkShape, isObject, type ShapeContext } from "./shape.ts";

/** The ruleset of a rule. */
export interface EnclosingRuleset {
  readonly phase: Phase;
  readonly plan: Plan;
  readonly level: "zone" | "account";
  /** Absent: any list may exist. */
  readonly lists?: Readonly<Record<string, ListKind>>;
}

/** Checks a rule: its shape, then what its members mean together. */
export function checkRule(place: RulesetValue, context: EnclosingRuleset, tell: Tell): void {
  const { phase, plan } = context;
  const shapes: ShapeContext = {
    plan,
    tell,
    expression: (at) => checkValueExpression(at, { phase, plan, part: "value" }, "text", tell),
  };
  checkShape(RULE, place, shapes);
  const rule = place.value;
  if (!isObject(rule)) return;
  const at = (key: string): RulesetValue => ({ pointer: below(place.pointer, key), value: rule[key] });
  const action = checkAction(at("action"), context, tell);
  if (action !== undefined) checkParameters(at("action_parameters"), action, context, shapes);
  if (rule.logging !== undefined && typeof rule.action === "string" && action !== "skip") {
    tell(at("logging"), {
      code: "logging-action",
      message: `${shown(rule.action).slice(0, 100)} does not take logging`,
      hint: "leave it out: every match of the rule is logged",
      api: { code: 20018, message: "logging options only allowed in the skip action" },
    });
  }
  checkRateLimitPresence(at("ratelimit"), phase, rule.action, tell);
  const expression = conditionOf(at("expression"), "expression", context, tell);
  const limit = isObject(rule.ratelimit) ? rule.ratelimit : {};
  const counts: RulesetValue = {
    pointer: below(at("ratelimit").pointer, "counting_expression"),
    value: limit.counting_expression,
  };
  // an empty one means the rule's own expression
  const counting = counts.value === "" ? undefined : conditionOf(counts, "counting", context, tell);
  if (phase === "http_ratelimit" && action !== "execute")
    checkRateLimit(at("ratelimit"), { ...context, action, rule: at("expression"), expression, counting }, tell);
}

function conditionOf(
  place: RulesetValue,
  part: NonNullable<Where["part"]>,
  { phase, plan, lists }: EnclosingRuleset,
  tell: Tell,
): CheckedExpression | undefined {
  const { pointer, value } = place;
  if (typeof value !== "string") return undefined;
  const checked = checkCondition({ pointer, value }, { phase, plan, part }, tell);
  if (checked && phase !== "http_request_redirect") checkLists(place, checked, plan, lists, tell);
  return checked;
}

/** The rule's action, where its phase has it. */
function checkAction(place: RulesetValue, { phase, plan }: EnclosingRuleset, tell: Tell): Action | undefined {
  const { value } = place;
  const { actions } = PHASE_SPECS[phase];
  const action = actions.find((one) => one === value);
  if (action === undefined) {
    if (typeof value !== "string" || value === "" || value.length > 100) return undefined;
    const message = `'${value}' is not an action of the phase ${phase} (${actions.join(", ")})`;
    tell(place, { code: "action-phase", message, hint: `it has ${actions.join(", ")}` });
  } else if (action === "log" && !PLAN_LIMITS[plan].logAction) {
    tell(place, {
      code: "action-plan",
      message: `the action log needs Enterprise, this is ${planName(plan)}`,
      hint: "prove the rule on examples and logs instead, or begin with managed_challenge",
      page: "https://developers.cloudflare.com/waf/custom-rules/",
      api: notEntitled("the action log"),
    });
  }
  return action;
}

function checkParameters(place: RulesetValue, action: Action, context: EnclosingRuleset, shapes: ShapeContext): void {
  const { value } = place;
  const { tell, plan } = shapes;
  const isEmpty = value === undefined || (isObject(value) && Object.keys(value).length === 0);
  if (isEmpty) {
    if (needsParameters(action)) {
      const hint =
        action === "skip"
          ? 'say what it skips: ruleset: "current" for the rules after it, or phases or products'
          : "add the parameters of the action";
      tell(place, { code: "missing-parameters", message: `is required for the action ${action}`, hint });
    }
    return;
  }
  checkShape(parametersOf(action, context.phase), place, shapes);
  if (!isObject(value)) return;
  if (action === "skip" && value.phase !== undefined && context.level === "account") {
    tell(
      { pointer: below(place.pointer, "phase"), value: value.phase },
      { code: "skip-level", message: "a ruleset of an account cannot skip a phase", hint: 'use ruleset: "current"' },
    );
  }
  if (action === "rewrite") checkHeaders({ pointer: below(place.pointer, "headers"), value: value.headers }, tell);
  if (action === "execute") checkManaged({ pointer: below(place.pointer, "id"), value: value.id }, plan, tell);
}

/** `remove` takes nothing; `set` and `add` take either a value or an expression. */
function checkHeaders({ pointer, value }: RulesetValue, tell: Tell): void {
  if (!isObject(value)) return;
  for (const [name, header] of Object.entries(value).slice(0, 100)) {
    if (!isObject(header) || typeof header.operation !== "string") continue;
    const parts = ["value", "expression"].filter((key) => header[key] !== undefined).length;
    if (parts === (header.operation === "remove" ? 0 : 1)) continue;
    const message =
      header.operation === "remove"
        ? "remove takes neither value nor expression"
        : `${header.operation.slice(0, 100)} takes either value or expression`;
    tell({ pointer: below(pointer, name), value: header }, { code: "member-count", message });
  }
}

function checkManaged(place: RulesetValue, plan: Plan, tell: Tell): void {
  const name = Object.entries(MANAGED_RULESETS).find(([, id]) => id === place.value)?.[0];
  if (name === undefined || PLAN_LIMITS[plan].managed.includes(name)) return;
  tell(place, {
    code: "managed-ruleset-plan",
    message: `the managed ruleset ${name} needs Pro or higher, this is ${planName(plan)}`,
    hint: "leave the rule out, or take a larger plan",
    page: "https://developers.cloudflare.com/waf/managed-rules/",
    api: notEntitled(`the managed ruleset ${String(place.value)}`),
  });
}
