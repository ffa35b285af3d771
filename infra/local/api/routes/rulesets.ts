/** Rulesets of zones and accounts (https://developers.cloudflare.com/ruleset-engine/rulesets-api/). */
import { isPhase, type Phase, type Rule, validateRuleset } from "../../../rules/index.ts";
import { invalid, notFound } from "../errors.ts";
import { bodyOf } from "../http/handler-call.ts";
import type { ApiRoute, HandlerCall, HandlerResult, Method } from "../http/router.ts";
import { newId } from "../ids.ts";
import { assertAccepted, refusal } from "../rulesets/accept.ts";
import { phaseGroups } from "../rulesets/phases.ts";
import { storedRule, storedRules } from "../rulesets/rules.ts";
import { type RulesetScope, scopeOf } from "../rulesets/scope.ts";
import { anything, isObject, type JsonObject, type Misfit, object, text } from "../shape.ts";
import type { StoredRule, StoredRuleset } from "../state.ts";

// what the members hold is decided by the validator
const creation = object({
  "kind*": anything,
  "name*": anything,
  "phase*": anything,
  description: anything,
  rules: anything,
});
/** Kind and phase may be repeated but not changed; id, version and last_updated may be sent back as they were read. */
const replacement = object({
  kind: text(),
  name: anything,
  phase: text(),
  description: anything,
  rules: anything,
  id: text(),
  version: text(),
  last_updated: text(),
});
const entrypointReplacement = object({ name: anything, description: anything, rules: anything });

/** A body that is no ruleset. */
function refuseBody({ pointer, message }: Misfit) {
  const text = message.startsWith("unknown field")
    ? `invalid JSON: ${message}`
    : `invalid ruleset: ${pointer || "/"} ${message}`;
  return invalid(20000, text, pointer);
}

/** The phase of a ruleset that is named in a body or path. */
function phaseOf(value: unknown, scope: RulesetScope): Phase {
  if (isPhase(value)) return value;
  const [unknown] = validateRuleset({ phase: value, rules: [] }, scope);
  if (unknown === undefined) throw new Error("invariant: the validator refuses a phase that is none");
  throw refusal(unknown);
}

function permit(call: HandlerCall, phase: StoredRuleset["phase"], scope: RulesetScope, access: "Read" | "Write"): void {
  call.requirePermission(scope.kind === "root" ? `Account Rulesets ${access}` : `${phaseGroups[phase]} ${access}`);
}

/** Any group that reads some ruleset may list them all: the list has no rules. */
function permitList(call: HandlerCall, scope: RulesetScope): void {
  if (scope.kind === "root") call.requirePermission("Account Rulesets Read");
  else call.requirePermission(...Object.values(phaseGroups).map((group) => `${group} Read` as const));
}

function withoutRules({ rules: _rules, ...ruleset }: StoredRuleset) {
  return ruleset;
}

function rulesetOf(call: HandlerCall, scope: RulesetScope, access: "Read" | "Write"): StoredRuleset {
  const ruleset = scope.rulesets.find(({ id }) => id === call.params.ruleset);
  if (!ruleset) {
    permitList(call, scope);
    throw notFound(10001, `could not find ruleset ${call.params.ruleset?.slice(0, 64)}`);
  }
  permit(call, ruleset.phase, scope, access);
  return ruleset;
}

function entrypointOf(call: HandlerCall, scope: RulesetScope, access: "Read" | "Write") {
  const phase = phaseOf(call.params.phase, scope);
  permit(call, phase, scope, access);
  return { phase, ruleset: scope.rulesets.find((ruleset) => ruleset.kind === scope.kind && ruleset.phase === phase) };
}

/** Stores a ruleset: its version goes up with every write. */
function store(
  call: HandlerCall,
  scope: RulesetScope,
  next: Omit<StoredRuleset, "version" | "last_updated">,
  before?: StoredRuleset,
): StoredRuleset {
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

function create(call: HandlerCall): HandlerResult {
  const scope = scopeOf(call);
  const body = bodyOf(call, creation, refuseBody);
  const phase = phaseOf(body.phase, scope);
  permit(call, phase, scope, "Write");
  return { result: write(call, scope, { ...body, phase }) };
}

/** Stores a body as a ruleset, in place of the one that is there before. */
function write(
  call: HandlerCall,
  scope: RulesetScope,
  body: JsonObject & { readonly phase: Phase },
  before?: StoredRuleset,
): StoredRuleset {
  const ruleset = { kind: scope.kind, name: "default", description: "", ...before, ...body, rules: body.rules ?? [] };
  assertAccepted(ruleset, scope, before);
  const next = {
    id: before?.id ?? newId(),
    name: ruleset.name,
    description: ruleset.description,
    kind: ruleset.kind === "custom" ? ruleset.kind : scope.kind,
    phase: ruleset.phase,
    rules: storedRules(before?.rules ?? [], ruleset.rules as readonly Rule[], call.clock),
  };
  return store(call, scope, next, before);
}

function replaced(call: HandlerCall, scope: RulesetScope, before: StoredRuleset, body: JsonObject): StoredRuleset {
  for (const fixed of ["kind", "phase"] as const) {
    if (body[fixed] !== undefined && body[fixed] !== before[fixed]) {
      throw invalid(
        20000,
        `'${String(body[fixed]).slice(0, 100)}' is not a valid value for ${fixed} because it cannot be changed`,
        `/${fixed}`,
      );
    }
  }
  return write(call, scope, { ...body, phase: before.phase }, before);
}

function replace(call: HandlerCall): HandlerResult {
  const scope = scopeOf(call);
  const before = rulesetOf(call, scope, "Write");
  return { result: replaced(call, scope, before, bodyOf(call, replacement, refuseBody)) };
}

function replaceEntrypoint(call: HandlerCall): HandlerResult {
  const scope = scopeOf(call);
  const { phase, ruleset } = entrypointOf(call, scope, "Write");
  const body = bodyOf(call, entrypointReplacement, refuseBody);
  return { result: write(call, scope, { ...body, phase }, ruleset) };
}

function remove(call: HandlerCall): HandlerResult {
  const scope = scopeOf(call);
  const { id } = rulesetOf(call, scope, "Write");
  scope.replace(scope.rulesets.filter((ruleset) => ruleset.id !== id));
  return { status: 204 };
}

/** Changes one rule of a ruleset: what `edit` makes of its rules is stored. */
function editRules(edit: (call: HandlerCall, ruleset: StoredRuleset, scope: RulesetScope) => readonly StoredRule[]) {
  return (call: HandlerCall): HandlerResult => {
    const scope = scopeOf(call);
    const ruleset = rulesetOf(call, scope, "Write");
    return { result: store(call, scope, { ...ruleset, rules: edit(call, ruleset, scope) }, ruleset) };
  };
}

/** The body's rule at its place among the others, as it is stored. @throws 400 */
function withRule(
  call: HandlerCall,
  scope: RulesetScope,
  ruleset: StoredRuleset,
  others: readonly StoredRule[],
  body: unknown,
  at: number,
  old?: StoredRule,
) {
  assertAccepted({ ...ruleset, rules: others.toSpliced(at, 0, body as StoredRule) }, scope, {
    id: ruleset.id,
    rule: at,
  });
  const rule = storedRule(old ? [old] : [], body as Rule, call.clock);
  return placed(others, { ...rule, id: old?.id ?? rule.id }, positionOf(call), at);
}

function indexOf(call: HandlerCall, ruleset: StoredRuleset): number {
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
      throw refuseBody({ pointer: "/position", message: `names the rule ${anchor.slice(0, 64)}, which is not there` });
    at = before === undefined ? found + 1 : found;
  }
  return rules.toSpliced(Math.min(at, rules.length), 0, rule);
}

const positionOf = (call: HandlerCall): unknown => (call.body as JsonObject | undefined)?.position;

const addRule = editRules((call, ruleset, scope) =>
  withRule(call, scope, ruleset, ruleset.rules, call.body, ruleset.rules.length),
);

/** A PATCH replaces the rule: what the body leaves out is gone. */
const changeRule = editRules((call, ruleset, scope) => {
  const at = indexOf(call, ruleset);
  const old = ruleset.rules[at];
  const body = isObject(call.body) ? { ...call.body, ref: call.body.ref ?? old?.ref } : call.body;
  return withRule(call, scope, ruleset, ruleset.rules.toSpliced(at, 1), body, at, old);
});

const removeRule = editRules((call, ruleset) => ruleset.rules.toSpliced(indexOf(call, ruleset), 1));

const handlers: readonly [Method, string, ApiRoute["handle"], ApiRoute["body"]?][] = [
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

export const rulesetRoutes: readonly ApiRoute[] = ["/zones/:zone/rulesets", "/accounts/:account/rulesets"].flatMap(
  (base) =>
    handlers.map(([method, path, handle, body]) => ({
      method,
      path: `${base}${path}`,
      handle,
      ...(method === "GET" ? {} : { hasDryRun: true as const }),
      ...(body ? { body } : {}),
    })),
);
