/** Rulesets of zones and accounts (https://developers.cloudflare.com/ruleset-engine/rulesets-api/). */
import { isPhase } from "../../../rules/index.ts";
import { invalid, notFound } from "../errors.ts";
import type { Answer, Call, Method, Route } from "../http/router.ts";
import { newId } from "../ids.ts";
import { assertAccountPhase, assertCustomRulesets, assertRuleCount } from "../rulesets/entitlements.ts";
import { phaseGroups } from "../rulesets/phases.ts";
import { type RuleContext, refuseRuleset, writeRules, writeSingleRule } from "../rulesets/rules.ts";
import { type RulesetScope, scopeOf } from "../rulesets/scope.ts";
import { anything, type JsonObject, object, oneOf, text } from "../shape.ts";
import type { StoredRule, StoredRuleset } from "../state.ts";
import { bodyOf } from "./scope.ts";

const name = text({ min: 1, max: 255 });
const description = text({ max: 500 });
const creation = object({
  "kind*": oneOf("zone", "root", "custom", "managed"),
  "name*": name,
  "phase*": text({ min: 1 }),
  description,
  rules: anything,
});
/** Kind and phase may be repeated but not changed; id, version and last_updated may be sent back as they were read. */
const replacement = object({
  kind: text(),
  name,
  phase: text(),
  description,
  rules: anything,
  id: text(),
  version: text(),
  last_updated: text(),
});
const entrypointReplacement = object({ name, description, rules: anything });

/** The phase of a ruleset that is named in a body or path. */
function phaseOf(value: unknown, pointer?: string) {
  if (isPhase(value)) return value;
  const known = Object.keys(phaseGroups).join(", ");
  throw invalid(
    20000,
    `'${String(value).slice(0, 100)}' is not a valid value for phase because it is not one of ${known}`,
    pointer,
  );
}

function permit(call: Call, phase: StoredRuleset["phase"], scope: RulesetScope, access: "Read" | "Write"): void {
  call.permit(scope.kind === "root" ? `Account Rulesets ${access}` : `${phaseGroups[phase]} ${access}`);
}

/** Any group that reads some ruleset may list them all: the list has no rules. */
function permitList(call: Call, scope: RulesetScope): void {
  if (scope.kind === "root") call.permit("Account Rulesets Read");
  else call.permit(...Object.values(phaseGroups).map((group) => `${group} Read` as const));
}

function withoutRules({ rules: _rules, ...ruleset }: StoredRuleset) {
  return ruleset;
}

function rulesetOf(call: Call, scope: RulesetScope, access: "Read" | "Write"): StoredRuleset {
  const ruleset = scope.rulesets.find(({ id }) => id === call.params.ruleset);
  if (!ruleset) {
    permitList(call, scope);
    throw notFound(10001, `could not find ruleset ${call.params.ruleset?.slice(0, 64)}`);
  }
  permit(call, ruleset.phase, scope, access);
  return ruleset;
}

function entrypointOf(call: Call, scope: RulesetScope, access: "Read" | "Write") {
  const phase = phaseOf(call.params.phase);
  permit(call, phase, scope, access);
  return { phase, ruleset: scope.rulesets.find((ruleset) => ruleset.kind === scope.kind && ruleset.phase === phase) };
}

function contextOf(call: Call, scope: RulesetScope, phase: StoredRuleset["phase"]): RuleContext {
  return { phase, plan: scope.plan, clock: call.clock };
}

/** Stores a ruleset: its version goes up with every write, and the phase must have room for its rules. */
function store(
  call: Call,
  scope: RulesetScope,
  next: Omit<StoredRuleset, "version" | "last_updated">,
  before?: StoredRuleset,
): StoredRuleset {
  if (scope.kind === "root") assertAccountPhase(next.phase, scope.plan);
  const others = scope.rulesets.filter(({ id }) => id !== next.id);
  const inPhase = others.filter(({ phase }) => phase === next.phase).reduce((sum, { rules }) => sum + rules.length, 0);
  assertRuleCount(next.phase, scope.plan, inPhase + next.rules.length);
  const ruleset: StoredRuleset = {
    ...next,
    version: before ? String(Number(before.version) + 1) : "1",
    last_updated: call.clock.timestamp(),
  };
  scope.replace(
    before ? scope.rulesets.map((other) => (other.id === next.id ? ruleset : other)) : [...scope.rulesets, ruleset],
  );
  return ruleset;
}

function create(call: Call): Answer {
  const scope = scopeOf(call);
  const body = bodyOf(call, creation, refuseRuleset);
  const phase = phaseOf(body.phase, "/phase");
  permit(call, phase, scope, "Write");
  const kind = body.kind === "custom" ? "custom" : scope.kind;
  if (body.kind !== kind) {
    throw invalid(
      20217,
      `'${body.kind}' is not a valid value for kind because it is not one of ${scope.kind}, custom here`,
      "/kind",
    );
  }
  if (kind === "custom") {
    assertCustomRulesets(scope.plan, scope.rulesets.filter((ruleset) => ruleset.kind === "custom").length + 1);
  } else if (scope.rulesets.some((ruleset) => ruleset.kind === kind && ruleset.phase === phase)) {
    throw invalid(
      20217,
      `'${kind}' is not a valid value for kind because exceeded maximum number of ${kind} rulesets for phase ${phase}`,
      "/kind",
    );
  }
  const rules = writeRules([], body.rules ?? [], contextOf(call, scope, phase));
  const result = store(call, scope, {
    id: newId(),
    name: String(body.name),
    description: String(body.description ?? ""),
    kind,
    phase,
    rules,
  });
  return { result };
}

function replaced(call: Call, scope: RulesetScope, before: StoredRuleset, body: JsonObject): StoredRuleset {
  for (const fixed of ["kind", "phase"] as const) {
    if (body[fixed] !== undefined && body[fixed] !== before[fixed]) {
      throw invalid(
        20000,
        `'${String(body[fixed]).slice(0, 100)}' is not a valid value for ${fixed} because it cannot be changed`,
        `/${fixed}`,
      );
    }
  }
  return store(
    call,
    scope,
    {
      ...before,
      name: String(body.name ?? before.name),
      description: String(body.description ?? before.description),
      rules: writeRules(before.rules, body.rules ?? [], contextOf(call, scope, before.phase)),
    },
    before,
  );
}

function replace(call: Call): Answer {
  const scope = scopeOf(call);
  const before = rulesetOf(call, scope, "Write");
  return { result: replaced(call, scope, before, bodyOf(call, replacement, refuseRuleset)) };
}

function replaceEntrypoint(call: Call): Answer {
  const scope = scopeOf(call);
  const { phase, ruleset } = entrypointOf(call, scope, "Write");
  const body = bodyOf(call, entrypointReplacement, refuseRuleset);
  if (ruleset) return { result: replaced(call, scope, ruleset, body) };
  const rules = writeRules([], body.rules ?? [], contextOf(call, scope, phase));
  const next = {
    id: newId(),
    name: String(body.name ?? "default"),
    description: String(body.description ?? ""),
    kind: scope.kind,
    phase,
    rules,
  };
  return { result: store(call, scope, next) };
}

function remove(call: Call): Answer {
  const scope = scopeOf(call);
  const { id } = rulesetOf(call, scope, "Write");
  scope.replace(scope.rulesets.filter((ruleset) => ruleset.id !== id));
  return { status: 204 };
}

/** Changes one rule of a ruleset: what `edit` makes of its rules is stored. */
function editRules(edit: (call: Call, ruleset: StoredRuleset, context: RuleContext) => readonly StoredRule[]) {
  return (call: Call): Answer => {
    const scope = scopeOf(call);
    const ruleset = rulesetOf(call, scope, "Write");
    const rules = edit(call, ruleset, contextOf(call, scope, ruleset.phase));
    return { result: store(call, scope, { ...ruleset, rules }, ruleset) };
  };
}

function indexOf(call: Call, ruleset: StoredRuleset): number {
  const index = ruleset.rules.findIndex(({ id }) => id === call.params.rule);
  if (index < 0)
    throw notFound(10002, `could not find rule ${call.params.rule?.slice(0, 64)} in ruleset ${ruleset.id}`);
  return index;
}

/**
 * Where the body's `position` puts a rule among the others: before or after one, at an index counted from 1, else at
 * the end.
 */
function placed(rules: readonly StoredRule[], rule: StoredRule, position: unknown, otherwise: number): StoredRule[] {
  const { before, after, index } = (position ?? {}) as { before?: string; after?: string; index?: number };
  const anchor = before ?? after;
  let at = otherwise;
  if (index !== undefined) at = index - 1;
  else if (anchor === "") at = before === undefined ? rules.length : 0;
  else if (anchor !== undefined) {
    const found = rules.findIndex(({ id }) => id === anchor);
    if (found < 0)
      throw refuseRuleset({
        pointer: "/position",
        message: `names the rule ${anchor.slice(0, 64)}, which is not there`,
      });
    at = before === undefined ? found + 1 : found;
  }
  return rules.toSpliced(Math.min(at, rules.length), 0, rule);
}

const positionOf = (call: Call): unknown => (call.body as JsonObject | undefined)?.position;

const addRule = editRules((call, ruleset, context) => {
  const rule = writeSingleRule([], call.body, context);
  if (ruleset.rules.some(({ ref }) => ref === rule.ref)) {
    throw refuseRuleset({ pointer: "/ref", message: `'${rule.ref}' is the ref of another rule` });
  }
  return placed(ruleset.rules, rule, positionOf(call), ruleset.rules.length);
});

/** A PATCH replaces the rule: what the body leaves out is gone. */
const changeRule = editRules((call, ruleset, context) => {
  const at = indexOf(call, ruleset);
  const old = ruleset.rules[at];
  const body = (call.body ?? {}) as JsonObject;
  const rule = writeSingleRule(old ? [old] : [], { ...body, ref: body.ref ?? old?.ref }, context);
  const kept = { ...rule, id: old?.id ?? rule.id };
  if (ruleset.rules.some(({ id, ref }) => id !== kept.id && ref === kept.ref)) {
    throw refuseRuleset({ pointer: "/ref", message: `'${kept.ref}' is the ref of another rule` });
  }
  return placed(ruleset.rules.toSpliced(at, 1), kept, positionOf(call), at);
});

const removeRule = editRules((call, ruleset) => ruleset.rules.toSpliced(indexOf(call, ruleset), 1));

const handlers: readonly [Method, string, Route["handle"], Route["body"]?][] = [
  [
    "GET",
    "",
    (call) => {
      const scope = scopeOf(call);
      permitList(call, scope);
      return { result: scope.rulesets.map(withoutRules) };
    },
  ],
  ["POST", "", create, "required"],
  [
    "GET",
    "/phases/:phase/entrypoint",
    (call) => {
      const { phase, ruleset } = entrypointOf(call, scopeOf(call), "Read");
      if (!ruleset) throw notFound(10003, `could not find entrypoint ruleset in the ${phase} phase`);
      return { result: ruleset };
    },
  ],
  ["PUT", "/phases/:phase/entrypoint", replaceEntrypoint, "required"],
  ["GET", "/:ruleset", (call) => ({ result: rulesetOf(call, scopeOf(call), "Read") })],
  ["PUT", "/:ruleset", replace, "required"],
  ["DELETE", "/:ruleset", remove],
  ["POST", "/:ruleset/rules", addRule, "required"],
  ["PATCH", "/:ruleset/rules/:rule", changeRule, "required"],
  ["DELETE", "/:ruleset/rules/:rule", removeRule],
];

export const rulesetRoutes: readonly Route[] = ["/zones/:zone/rulesets", "/accounts/:account/rulesets"].flatMap(
  (base) =>
    handlers.map(([method, path, handle, body]) => ({
      method,
      path: `${base}${path}`,
      handle,
      ...(method === "GET" ? {} : { hasDryRun: true as const }),
      ...(body ? { body } : {}),
    })),
);
