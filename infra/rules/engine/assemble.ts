import type { CompileOptions } from "../evaluate/compile.ts";
import { compileList } from "../evaluate/lists.ts";
import type { CounterTable, Limit, RateCounters, WindowKind } from "./counters.ts";
import { EngineError } from "./error.ts";
import { firewallRule } from "./firewall.ts";
import { type Condition, characteristic, condition as compileCondition, textValue } from "./language.ts";
import { executeTarget, type Level, rateLimitOf, redirectOf, refOf } from "./parameters.ts";
import { IMITATED_PHASES, phaseBit } from "./phases.ts";
import { rateLimitRule } from "./rate-limit.ts";
import { redirectRule } from "./redirect.ts";
import { type Flow, holds, note, noted, type Run, type Step } from "./run.ts";
import type { Deployment, Rule, Ruleset } from "./types.ts";

/** In each phase account-level rulesets run first. */
const LEVELS: readonly Level[] = ["account", "zone"];

/** One entry point ruleset, ready to run. */
export interface EntryPoint {
  /** Bit of its phase. */
  readonly bit: number;
  readonly level: Level;
  readonly steps: readonly Step[];
}

interface Assembly {
  readonly deployment: Deployment;
  readonly window: WindowKind;
  readonly lists: NonNullable<CompileOptions["lists"]>;
  table(identity: string, limit: Limit): CounterTable;
}

/**
 * All entry points in the order they run. Counters change hands only when everything has compiled.
 * @throws EngineError, and ListItemError where a list holds what it cannot
 */
export function assemble(deployment: Deployment, window: WindowKind, counters: RateCounters): readonly EntryPoint[] {
  const tables = counters.next();
  const named = Object.entries(deployment.lists ?? {});
  const lists = new Map(named.map(([name, list]) => [name, compileList(list)]));
  const assembly: Assembly = { deployment, window, lists, table: tables.table };
  for (const level of LEVELS) {
    for (const ruleset of entryPoints(deployment, level)) {
      if (IMITATED_PHASES.includes(ruleset.phase) || !ruleset.rules.some(isOn)) continue;
      const at = { ruleset: ruleset.name };
      throw new EngineError("no-semantics", at, `rules of phase ${ruleset.phase} are not imitated`);
    }
  }
  const program = IMITATED_PHASES.flatMap((phase) =>
    LEVELS.flatMap((level) =>
      entryPoints(deployment, level)
        .filter((ruleset) => ruleset.phase === phase)
        .map((ruleset) => ({ bit: phaseBit(phase), level, steps: stepsOf(assembly, level, ruleset, true) })),
    ),
  );
  tables.commit();
  return program;
}

/** Runs steps in order until one sends the request elsewhere. */
export function through(run: Run, steps: readonly Step[]): Flow {
  for (const step of steps) {
    const flow = step(run);
    if (flow !== "next") return flow;
  }
  return "next";
}

const isOn = (rule: Rule): boolean => rule.enabled !== false;

function rulesetsOf(deployment: Deployment, level: Level): readonly Ruleset[] {
  return level === "zone" ? deployment.zone : (deployment.account ?? []);
}

function entryPoints(deployment: Deployment, level: Level): readonly Ruleset[] {
  const kind = level === "zone" ? "zone" : "root";
  return rulesetsOf(deployment, level).filter((ruleset) => ruleset.kind === kind);
}

function stepsOf(assembly: Assembly, level: Level, ruleset: Ruleset, entryPoint: boolean): readonly Step[] {
  return ruleset.rules.filter(isOn).map((rule) => {
    const at = { ruleset: ruleset.name, rule: refOf(rule) };
    if (at.rule === "") throw new EngineError("invalid-rule", at, "a rule needs a ref or an id");
    const condition = compiled(assembly, ruleset, rule, rule.expression, "expression");
    const step =
      rule.action === "execute"
        ? executeStep(assembly, level, ruleset, rule, condition, entryPoint)
        : ruleStep(assembly, level, ruleset, rule, condition);
    if (step) return step;
    throw new EngineError("no-semantics", at, `action "${rule.action}" is not imitated in phase ${ruleset.phase}`);
  });
}

/** A rule by its phase; undefined where the phase has no such action. */
function ruleStep(
  assembly: Assembly,
  level: Level,
  ruleset: Ruleset,
  rule: Rule,
  condition: Condition,
): Step | undefined {
  switch (ruleset.phase) {
    case "http_request_dynamic_redirect":
      return redirectStep(assembly, ruleset, rule, condition);
    case "http_ratelimit":
      return rateLimitStep(assembly, level, ruleset, rule, condition);
    case "http_request_cache_settings":
      return settingsStep(ruleset, rule, condition);
    default:
      return firewallRule(level, ruleset, rule, condition);
  }
}

function compiled(
  { deployment: { plan }, lists }: Assembly,
  ruleset: Ruleset,
  rule: Rule,
  text: string,
  part: "expression" | "counting",
): Condition {
  const condition = compileCondition(text, { phase: ruleset.phase, plan, part, lists });
  if (condition.ok) return condition.value;
  throw new EngineError("expression", { ruleset: ruleset.name, rule: refOf(rule) }, `\n${condition.problem}`);
}

/** Runs a custom ruleset of the same level and phase; what it decides is decided. */
function executeStep(
  assembly: Assembly,
  level: Level,
  ruleset: Ruleset,
  rule: Rule,
  condition: Condition,
  entryPoint: boolean,
): Step {
  const at = { ruleset: ruleset.name, rule: refOf(rule) };
  if (!entryPoint) throw new EngineError("invalid-rule", at, "only an entry point ruleset can execute another ruleset");
  const id = executeTarget(ruleset, rule);
  const target = rulesetsOf(assembly.deployment, level).find((candidate) => candidate.id === id);
  if (!target) throw new EngineError("unknown-ruleset", at, `executes ruleset ${id}, which is not deployed`);
  if (target.kind !== "custom" || target.phase !== ruleset.phase) {
    const what = `a ${target.kind} ruleset of phase ${target.phase}`;
    throw new EngineError("no-semantics", at, `executes ${what}; only custom rulesets of the same phase are imitated`);
  }
  const steps = stepsOf(assembly, level, target, false);
  const event = noted(ruleset, rule, false);
  return (run) => {
    if (!holds(run, condition, true)) return "next";
    note(run, event, condition);
    const flow = through(run, steps);
    return flow === "leave-ruleset" ? "next" : flow;
  };
}

function redirectStep(
  { deployment: { plan }, lists }: Assembly,
  ruleset: Ruleset,
  rule: Rule,
  condition: Condition,
): Step | undefined {
  if (rule.action !== "redirect") return undefined;
  const { target, ...parameters } = redirectOf(ruleset, rule);
  if ("value" in target) return redirectRule({ ruleset, rule, condition, target: target.value, ...parameters });
  const compiledTarget = textValue(target.expression, { phase: ruleset.phase, plan, lists });
  if (compiledTarget.ok) {
    return redirectRule({ ruleset, rule, condition, target: compiledTarget.value, ...parameters });
  }
  const at = { ruleset: ruleset.name, rule: refOf(rule) };
  throw new EngineError("expression", at, `target_url\n${compiledTarget.problem}`);
}

function rateLimitStep(
  assembly: Assembly,
  level: Level,
  ruleset: Ruleset,
  rule: Rule,
  condition: Condition,
): Step | undefined {
  if (!["block", "challenge", "js_challenge", "managed_challenge", "log"].includes(rule.action)) return undefined;
  const parameters = rateLimitOf(ruleset, rule);
  const { period, threshold, timeout, countingExpression } = parameters;
  const where = { phase: ruleset.phase, plan: assembly.deployment.plan };
  const characteristics = parameters.characteristics
    .filter((name) => name !== "cf.colo.id")
    .map((name) => {
      const value = characteristic(name, where);
      if (value.ok) return value.value;
      const at = { ruleset: ruleset.name, rule: refOf(rule) };
      throw new EngineError("expression", at, `characteristic ${name}\n${value.problem}`);
    });
  const counting =
    countingExpression === undefined ? condition : compiled(assembly, ruleset, rule, countingExpression, "counting");
  const limit: Limit = { period, threshold, timeout, window: assembly.window };
  const identity = JSON.stringify([level, ruleset.id, refOf(rule), rule.ratelimit, assembly.window]);
  const table = assembly.table(identity, limit);
  return rateLimitRule({ ruleset, rule, parameters, condition, counting, characteristics, limit }, table);
}

/** Cache rules: every matching rule applies, a later one overrides what an earlier one set. */
function settingsStep(ruleset: Ruleset, rule: Rule, condition: Condition): Step | undefined {
  if (rule.action !== "set_cache_settings") return undefined;
  const settings = Object.freeze({ ...rule.action_parameters });
  const event = noted(ruleset, rule, false);
  return (run) => {
    if (!holds(run, condition, false)) return "next";
    note(run, event, condition);
    run.settings = run.settings ? { ...run.settings, ...settings } : settings;
    return "next";
  };
}
