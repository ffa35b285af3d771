import { compileLists } from "../evaluate/lists.ts";
import type { CounterLimit, CounterTable, RateCounters, WindowKind } from "./counters.ts";
import { firewallRule } from "./firewall.ts";
import { type CompiledCondition, characteristic, condition, type EngineLists, textValue } from "./language.ts";
import { type LoadedRule, type LoadedRuleset, loadRulesets, unsupportedDiagnostic } from "./load.ts";
import { type Level, membersOf, type PlacedRule, rateLimitOf, redirectOf } from "./parameters.ts";
import { phaseBit, SUPPORTED_PHASES } from "./phases.ts";
import { rateLimitRule } from "./rate-limit.ts";
import { redirectRule } from "./redirect.ts";
import { type Flow, holds, note, noted, type RuleStep, type Run } from "./run.ts";
import type { Deployment, LoadDiagnostic, LoadProblem } from "./types.ts";

/** In each phase account-level rulesets run first. */
const LEVELS: readonly Level[] = ["account", "zone"];

/** One entry point ruleset, ready to run. */
export interface EntryPoint {
  /** Bit of its phase. */
  readonly bit: number;
  readonly level: Level;
  readonly steps: readonly RuleStep[];
}

/** All entry points in the order they run, and what is not run as Cloudflare would. */
export interface Program {
  readonly entryPoints: readonly EntryPoint[];
  readonly problems: readonly LoadProblem[];
}

interface Assembly {
  readonly window: WindowKind;
  readonly lists: EngineLists;
  readonly rulesets: Readonly<Record<Level, readonly LoadedRuleset[]>>;
  readonly problems: LoadProblem[];
  /** Steps of the custom rulesets that were compiled, by ruleset. */
  readonly customSteps: Map<LoadedRuleset, readonly RuleStep[]>;
  table(identity: string, limit: CounterLimit): CounterTable;
}

/**
 * Compiles what is deployed. Counters change hands at the end.
 * @throws ListItemError where a list holds what it cannot
 */
export function assemble(deployment: Deployment, window: WindowKind, counters: RateCounters): Program {
  const tables = counters.next();
  const lists = compileLists(deployment.lists ?? {});
  const rulesets = { account: loadRulesets(deployment, "account"), zone: loadRulesets(deployment, "zone") };
  const problems: LoadProblem[] = [];
  const assembly: Assembly = { window, lists, rulesets, problems, customSteps: new Map(), table: tables.table };
  const entryPoints = SUPPORTED_PHASES.flatMap((phase) =>
    LEVELS.flatMap((level) =>
      rulesets[level]
        .filter(({ ruleset }) => ruleset.phase === phase && ruleset.kind !== "custom")
        .map((loaded) => ({ bit: phaseBit(phase), level, steps: stepsOf(assembly, level, loaded) })),
    ),
  );
  for (const level of LEVELS) problems.push(...rulesets[level].flatMap(ignored));
  tables.commit();
  return { entryPoints, problems };
}

/** Runs steps in order until one sends the request elsewhere. */
export function through(run: Run, steps: readonly RuleStep[]): Flow {
  for (const step of steps) {
    const flow = step(run);
    if (flow !== "next") return flow;
  }
  return "next";
}

/** What is listed for an entry point of a phase that is not imitated. */
function ignored({ ruleset: { name, phase, kind }, rules }: LoadedRuleset): readonly LoadProblem[] {
  if (SUPPORTED_PHASES.includes(phase) || kind === "custom" || rules.length === 0) return [];
  const count = rules.length === 1 ? "its rule is" : `its ${rules.length} rules are`;
  const refusals = rules.flatMap((rule) => rule.refusals);
  const diagnostics = [
    unsupportedDiagnostic("/phase", `rules of this phase are not imitated: ${count} not evaluated`),
    ...refusals,
  ];
  return [{ ruleset: name, phase, effect: "ignored", diagnostics }];
}

function stepsOf(assembly: Assembly, level: Level, loaded: LoadedRuleset): readonly RuleStep[] {
  assembly.problems.push(...loaded.problems);
  return loaded.rules.map((rule) => stepOf(assembly, level, loaded, rule));
}

function stepOf(assembly: Assembly, level: Level, { ruleset }: LoadedRuleset, loaded: LoadedRule): RuleStep {
  const { rule, name, index, refusals, formalities } = loaded;
  const problem = (effect: LoadProblem["effect"], diagnostics: readonly LoadDiagnostic[]): LoadProblem => {
    const noted: LoadProblem = { ruleset: ruleset.name, phase: ruleset.phase, rule: name, effect, diagnostics };
    assembly.problems.push(noted);
    return noted;
  };
  const compiled = condition(rule.expression, assembly.lists, { ref: name, phase: ruleset.phase });
  const placed: PlacedRule = { level, ruleset, rule, name };
  if (compiled && refusals.length === 0) {
    const step = acceptedStep(assembly, placed, compiled, `/rules/${index}`);
    if (typeof step !== "function") return inDoubt(problem("undetermined", [step]), compiled);
    if (formalities.length > 0) problem("evaluated", formalities);
    return step;
  }
  const unread =
    compiled || refusals.length > 0 ? [] : [unsupportedDiagnostic(`/rules/${index}/expression`, "cannot be compiled")];
  return inDoubt(problem("undetermined", [...refusals, ...formalities, ...unread]), compiled);
}

/**
 * A rule of which it is not known what it does: where it could apply, the verdict names it, and evaluation goes on as
 * if it did not match. A rule whose condition cannot be read could always apply.
 */
function inDoubt(problem: LoadProblem, condition: CompiledCondition | undefined): RuleStep {
  return (run) => {
    const result = condition ? condition.holds(run.fields) : true;
    if (result !== false) run.doubts(problem);
    if (typeof result !== "boolean") run.dependsOn(result, condition?.rule);
    return "next";
  };
}

/** A rule that the validator accepts, by its phase; a diagnostic where it is not imitated. */
function acceptedStep(
  assembly: Assembly,
  placed: PlacedRule,
  condition: CompiledCondition,
  pointer: string,
): RuleStep | LoadDiagnostic {
  if (placed.rule.action === "execute") return executeStep(assembly, placed, condition, `${pointer}/action_parameters`);
  switch (placed.ruleset.phase) {
    case "http_request_dynamic_redirect":
      return redirectStep(assembly, placed, condition, `${pointer}/action_parameters`);
    case "http_ratelimit":
      return rateLimitStep(assembly, placed, condition, `${pointer}/ratelimit`);
    case "http_request_cache_settings":
      return settingsStep(placed, condition);
    default:
      return firewallRule(placed, condition);
  }
}

/** Runs a custom ruleset of the same level and phase; what it decides is decided. */
function executeStep(
  assembly: Assembly,
  placed: PlacedRule,
  condition: CompiledCondition,
  pointer: string,
): RuleStep | LoadDiagnostic {
  const { level, ruleset, rule } = placed;
  const { id, overrides } = membersOf(rule.action_parameters);
  if (ruleset.kind === "custom")
    return unsupportedDiagnostic(pointer, "a custom ruleset that executes another one is not imitated");
  if (overrides !== undefined) return unsupportedDiagnostic(`${pointer}/overrides`, "overrides are not imitated");
  const target = assembly.rulesets[level].find((one) => one.ruleset.id === id);
  if (target?.ruleset.kind !== "custom" || target.ruleset.phase !== ruleset.phase) {
    return unsupportedDiagnostic(
      `${pointer}/id`,
      `no custom ruleset of this phase and level with the id ${String(id)} is deployed`,
    );
  }
  const steps = assembly.customSteps.get(target) ?? stepsOf(assembly, level, target);
  assembly.customSteps.set(target, steps);
  const event = noted(placed, false);
  return (run) => {
    if (!holds(run, condition, true)) return "next";
    note(run, event, condition);
    const flow = through(run, steps);
    return flow === "leave-ruleset" ? "next" : flow;
  };
}

function redirectStep(
  { lists }: Assembly,
  placed: PlacedRule,
  condition: CompiledCondition,
  pointer: string,
): RuleStep | LoadDiagnostic {
  const redirect = redirectOf(placed.rule);
  if (!redirect) return unsupportedDiagnostic(pointer, "a redirect without target_url is not imitated in this phase");
  const { target, ...parameters } = redirect;
  const url = "value" in target ? target.value : textValue(target.expression, lists);
  if (url === undefined) return unsupportedDiagnostic(pointer, "the target of the redirect cannot be compiled");
  return redirectRule({ placed, condition, target: url, ...parameters });
}

function rateLimitStep(
  assembly: Assembly,
  placed: PlacedRule,
  rule: CompiledCondition,
  pointer: string,
): RuleStep | LoadDiagnostic {
  const parameters = rateLimitOf(placed.rule);
  const { period, threshold, timeout, countingExpression } = parameters;
  const names = parameters.characteristics.filter((name) => name !== "cf.colo.id");
  const characteristics = names.flatMap((name) => characteristic(name) ?? []);
  const counting = countingExpression === undefined ? rule : condition(countingExpression, assembly.lists, rule.rule);
  if (!counting || characteristics.length < names.length)
    return unsupportedDiagnostic(pointer, "what it counts cannot be compiled");
  const limit: CounterLimit = { period, threshold, timeout, window: assembly.window };
  const { level, ruleset, name } = placed;
  const identity = JSON.stringify([level, ruleset.id, name, placed.rule.ratelimit, assembly.window]);
  const table = assembly.table(identity, limit);
  return rateLimitRule({ placed, parameters, condition: rule, counting, characteristics, limit }, table);
}

/** Cache rules: every matching rule applies, a later one overrides what an earlier one set. */
function settingsStep(placed: PlacedRule, condition: CompiledCondition): RuleStep {
  const settings = Object.freeze({ ...placed.rule.action_parameters });
  const event = noted(placed, false);
  return (run) => {
    if (!holds(run, condition, false)) return "next";
    note(run, event, condition);
    run.settings = run.settings ? { ...run.settings, ...settings } : settings;
    return "next";
  };
}
