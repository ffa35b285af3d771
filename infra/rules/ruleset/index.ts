/**
 * The one place that decides whether Cloudflare would accept a ruleset. Everything uses it: `rules check`, the Pulumi
 * program, the local API and the engine. It decides from the tables in `schema/`.
 */
import type { ListKind } from "../schema/lists.ts";
import { RULESET } from "../schema/parameters.ts";
import { isPhase, PHASE_SPECS, type Phase } from "../schema/phases.ts";
import { MAX_RULES, maxRulesOf, PLAN_LIMITS, PLANS, type Plan, planName } from "../schema/plans.ts";
import {
  below,
  MAX_RULESET_DIAGNOSTICS,
  notEntitled,
  type RulesetDiagnostic,
  type RulesetValue,
  short,
  shown,
  type Tell,
} from "./diagnostic.ts";
import { checkRule } from "./rule.ts";
import { checkShape, isObject } from "./shape.ts";

export { type ApiRefusal, MAX_RULESET_DIAGNOSTICS, type RulesetDiagnostic } from "./diagnostic.ts";

/** A ruleset as it came: nothing in it is trusted. */
export interface RulesetInput {
  readonly phase: unknown;
  /** Absent: the entry point of its level. */
  readonly kind?: unknown;
  readonly name?: unknown;
  readonly description?: unknown;
  readonly rules: unknown;
}

/** Another ruleset of the same zone or account. */
export interface OtherRuleset {
  readonly kind: string;
  readonly phase: string;
  /** How many rules it has. */
  readonly rules: number;
}

/** What a ruleset is for. */
export interface RulesetContext {
  readonly level: "zone" | "account";
  readonly plan: Plan;
  /** The account's lists by name without `$`. Absent: any list may exist. */
  readonly lists?: Readonly<Record<string, ListKind>>;
  /** The other rulesets of the zone or account. Absent: none. */
  readonly others?: readonly OtherRuleset[];
  /** Rules that count for the phase's limit too and are in none of `others`. */
  readonly rulesElsewhere?: number;
}

/**
 * Everything for which Cloudflare would refuse a ruleset: first what concerns the ruleset, then rule by rule, at last
 * the number of rules. Empty: it would be accepted. It takes any JSON and never throws; at most
 * `MAX_RULESET_DIAGNOSTICS` are returned.
 */
export function validateRuleset(ruleset: RulesetInput, context: RulesetContext): readonly RulesetDiagnostic[] {
  const { phase } = ruleset;
  const page = isPhase(phase)
    ? PHASE_SPECS[phase].page
    : "https://developers.cloudflare.com/ruleset-engine/rulesets-api/";
  const found: RulesetDiagnostic[] = [];
  const tellOf =
    (rule?: { readonly index: number; readonly ref?: string }): Tell =>
    ({ pointer, value }, { span, hint, ...problem }) => {
      if (found.length >= MAX_RULESET_DIAGNOSTICS) return;
      const text = shown(value);
      const whole = { start: 0, end: text.length };
      found.push({
        severity: "error",
        page,
        ...problem,
        ...rule,
        pointer,
        text,
        span: span ?? whole,
        hint: hint ?? `see ${page}`,
      });
    };
  const tell = tellOf();
  if (!isPhase(phase)) {
    const known = Object.keys(PHASE_SPECS).join(", ");
    const wrong = `'${short(phase)}' is not a valid value for phase because it is not one of ${known}`;
    const message = `there is no phase '${short(phase)}'`;
    const api = { code: 20000, message: wrong };
    tell({ pointer: "/phase", value: phase }, { code: "unknown-phase", message, hint: `there are ${known}`, api });
    return found;
  }
  checkRuleset(ruleset, phase, context, tell);
  const place: RulesetValue = { pointer: "/rules", value: ruleset.rules };
  const { rules } = ruleset;
  if (!Array.isArray(rules)) {
    checkShape({ kind: "list", of: { kind: "any" }, min: 0, max: MAX_RULES }, place, shapeContext(context.plan, tell));
    return found;
  }
  if (rules.length <= MAX_RULES)
    checkRules(rules, phase, context, tellOf, () => found.length >= MAX_RULESET_DIAGNOSTICS);
  checkCount(place, rules.length, phase, context, tell);
  return found;
}

/** The same for all rulesets of a zone or account: the diagnostics of each, in their order. */
export function validateRulesets(
  rulesets: readonly RulesetInput[],
  context: RulesetContext,
): readonly (readonly RulesetDiagnostic[])[] {
  const entry = entryKind(context.level);
  const all = rulesets.map(({ kind = entry, phase, rules }) => ({
    // what is no text is no kind and no phase, and is refused where the ruleset itself is checked
    kind: typeof kind === "string" ? kind : "",
    phase: typeof phase === "string" ? phase : "",
    rules: Array.isArray(rules) ? rules.length : 0,
  }));
  return rulesets.map((ruleset, index) =>
    validateRuleset(ruleset, { ...context, others: [...(context.others ?? []), ...all.slice(0, index)] }),
  );
}

const entryKind = (level: RulesetContext["level"]): string => (level === "zone" ? "zone" : "root");

const shapeContext = (plan: Plan, tell: Tell) => ({ plan, tell, expression: () => undefined });

function checkRuleset(ruleset: RulesetInput, phase: Phase, context: RulesetContext, tell: Tell): void {
  const { level, plan, others = [] } = context;
  const entry = entryKind(level);
  const { kind = entry, name, description } = ruleset;
  const at: RulesetValue = { pointer: "/kind", value: kind };
  const refusal = (why: string) => ({
    code: 20217,
    message: `'${short(kind)}' is not a valid value for kind because ${why}`,
  });
  if (kind !== entry && kind !== "custom") {
    const message = `a ruleset here is of kind ${entry} or custom, not ${short(kind)}`;
    const api = refusal(`it is not one of ${entry}, custom here`);
    tell(at, { code: "ruleset-kind", message, hint: `write ${entry}`, api });
  } else if (kind === entry && others.some((other) => other.kind === kind && other.phase === phase)) {
    const message = `the phase ${phase} has another entry point already`;
    const hint = "a phase has one entry point: add the rules to the ruleset that is there";
    const api = refusal(`exceeded maximum number of ${kind} rulesets for phase ${phase}`);
    tell(at, { code: "entry-point-taken", message, hint, api });
  } else if (kind === "custom") {
    const most = PLAN_LIMITS[plan].customRulesets;
    const count = others.filter((other) => other.kind === "custom").length + 1;
    if (count > most) {
      const message = `${planName(plan)} allows ${most} custom rulesets, these are ${count}`;
      const api = notEntitled(`more than ${most} custom rulesets`);
      tell(at, { code: "ruleset-count", message, hint: "join rulesets, or take a larger plan", api });
    }
  }
  checkPhase({ pointer: "/phase", value: phase }, phase, context, tell);
  const texts = Object.fromEntries(Object.entries({ name, description }).filter(([, value]) => value !== undefined));
  checkShape(RULESET, { pointer: "", value: texts }, shapeContext(plan, tell));
}

function checkPhase(place: RulesetValue, phase: Phase, { level, plan }: RulesetContext, tell: Tell): void {
  if (PHASE_SPECS[phase].level === "account" && level === "zone") {
    const message = `the phase ${phase} exists in accounts only`;
    tell(place, { code: "phase-level", message, hint: "put the ruleset into the account" });
  }
  // https://developers.cloudflare.com/waf/account/
  const isWaf = phase.startsWith("http_request_firewall_") || phase === "http_ratelimit";
  if (level === "account" && isWaf && plan !== "enterprise") {
    const message = `the phase ${phase} of an account needs Enterprise, this is ${planName(plan)}`;
    tell(place, {
      code: "phase-plan",
      message,
      hint: "put the rules into the zones",
      api: notEntitled(`the phase ${phase}`),
    });
  }
}

function checkRules(
  rules: readonly unknown[],
  phase: Phase,
  context: RulesetContext,
  tellOf: (rule: { readonly index: number; readonly ref?: string }) => Tell,
  isFull: () => boolean,
): void {
  const refs = new Set<string>();
  for (const [index, value] of rules.entries()) {
    if (isFull()) return;
    const ref = isObject(value) && typeof value.ref === "string" ? value.ref : undefined;
    const tell = tellOf({ index, ...(ref !== undefined && { ref: short(ref) }) });
    const pointer = below("/rules", index);
    checkRule({ pointer, value }, { ...context, phase }, tell);
    if (ref === undefined) continue;
    if (refs.has(ref)) {
      const message = `'${short(ref)}' is the ref of another rule`;
      const hint = "a ref is a rule's identity: give each rule its own";
      tell({ pointer: below(pointer, "ref"), value: ref }, { code: "duplicate-ref", message, hint });
    }
    refs.add(ref);
  }
}

function checkCount(place: RulesetValue, own: number, phase: Phase, context: RulesetContext, tell: Tell): void {
  const { plan, others = [], rulesElsewhere = 0 } = context;
  const elsewhere = others.reduce((sum, other) => sum + (other.phase === phase ? other.rules : 0), rulesElsewhere);
  const count = own + elsewhere;
  const most = maxRulesOf(phase, plan);
  if (count <= most) return;
  const enough = PLANS.find((one) => maxRulesOf(phase, one) >= count);
  const larger = enough ? `; ${planName(enough)} allows ${maxRulesOf(phase, enough)}` : "";
  const hint = `join rules of one action with \`or\`, or remove some${larger}`;
  const among = elsewhere > 0 ? `, ${elsewhere} of them elsewhere,` : "";
  if (most === 0) {
    const message = `${planName(plan)} has no rules of the phase ${phase}`;
    const api = notEntitled(`the phase ${phase}`);
    tell({ pointer: "/phase", value: phase }, { code: "phase-plan", message, hint, api });
    return;
  }
  tell(place, {
    code: "rule-count",
    message: `${count} rules${among} in ${phase}; ${planName(plan)} allows ${most}`,
    hint,
    api: notEntitled(`more than ${most} rules in the phase ${phase}, got ${count}`),
  });
}
