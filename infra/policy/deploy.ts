import {
  maxRulesOf,
  type Phase,
  type Plan,
  type ProofDiagnostic,
  parse,
  plainData,
  planName,
  proofDiagnostic,
  rateLimitSees,
  thrownText,
} from "../rules/index.ts";
import { and, type ExpressionText } from "./expression.ts";
import type { Folder } from "./folders.ts";
import { boundHostnames, onHostnames } from "./hostnames.ts";
import { limitInWords, limitOnPlan } from "./limit.ts";
import { onBackend } from "./on-backend.ts";
import { fileOfRule } from "./phases.ts";
import type { DeployedRule, PhaseRuleset, PolicyRule, RuleContext, RuleFile } from "./rule.ts";
import { ruleProblems } from "./rule-shape.ts";
import { siteHostnames } from "./services.ts";
import type { Site } from "./site.ts";
import type { IndexMember } from "./written-files.ts";

/** The ruleset of a folder as it is deployed. */
export interface DeployedFolder {
  readonly ruleset: PhaseRuleset;
  /** Rate limits that exceed the number that the plan allows. */
  readonly leftOut: readonly PolicyRule[];
  /** Errors: rules that are no rules, which are not in the ruleset. Warnings: limits that the plan changes. */
  readonly diagnostics: readonly ProofDiagnostic[];
  /** What the index of the folder holds, in its order. */
  readonly members: readonly IndexMember[];
}

/** Makes the rules of a folder. Those that exceed the plan are left out where the gateway enforces them too. */
export function deployFolder(folder: Folder, context: RuleContext): DeployedFolder {
  const { phase, name, files } = folder;
  const diagnostics: ProofDiagnostic[] = [];
  const members: IndexMember[] = [];
  const made = files.flatMap((file, index) => madeRule(file, index, folder, context, { diagnostics, members }) ?? []);
  const surplus = Math.max(0, made.length - maxRulesOf(phase, context.plan));
  const leftOut = new Set(surplus === 0 ? [] : made.filter(({ gatewayClass }) => gatewayClass).slice(-surplus));
  const kept = made.filter((rule) => !leftOut.has(rule));
  const rules = kept.map((rule) => deployedRule(rule, phase, context));
  diagnostics.push(...rules.flatMap((rule) => limitWarning(rule, phase, context.plan)));
  return { ruleset: { phase, name, rules }, leftOut: [...leftOut], diagnostics, members };
}

/**
 * The rule of a file; undefined where there is none, or where it is no rule, which goes to `diagnostics`. Where it
 * belongs goes to `members`.
 */
function madeRule(
  file: RuleFile,
  index: number,
  { phase, folder }: Folder,
  context: RuleContext,
  { diagnostics, members }: { readonly diagnostics: ProofDiagnostic[]; readonly members: IndexMember[] },
): PolicyRule | undefined {
  const named = typeof file === "function" && file.name !== "" ? fileOfRule(phase, snakeCase(file.name)) : undefined;
  let made: unknown;
  try {
    made = typeof file === "function" ? file(context) : file;
  } catch (error) {
    const place = { file: named ?? `${folder}/index.ts`, phase };
    const message = `the function that makes the rule throws: ${thrownText(error)}`;
    diagnostics.push(proofDiagnostic(place, "rule-throws", "", undefined, message));
    members.push({ file: named });
    return undefined;
  }
  const plain = plainData(made);
  const ref = refOf(plain.ok ? plain.value : made);
  const known = ref === undefined ? named : fileOfRule(phase, ref);
  members.push({ ...(ref !== undefined && { ref }), file: known });
  if (typeof file === "function" && made === undefined) return undefined;
  const place = { file: known ?? `${folder}/index.ts`, phase, ...(ref !== undefined && { ref }) };
  const problems = plain.ok
    ? ruleProblems(plain.value, phase, place)
    : [
        proofDiagnostic(
          place,
          "wrong-type",
          plain.pointer,
          undefined,
          plain.message,
          "write data that JSON could hold",
        ),
      ];
  if (plain.ok && problems.length === 0) return plain.value as PolicyRule;
  const at = known === undefined ? `/${index}` : "";
  diagnostics.push(...problems.map((problem) => ({ ...problem, pointer: `${at}${problem.pointer}` })));
  return undefined;
}

/** The ref that a rule has itself, also of one that is no plain data. */
function refOf(made: unknown): string | undefined {
  if (typeof made !== "object" || made === null) return undefined;
  try {
    const ref: unknown = Object.getOwnPropertyDescriptor(made, "ref")?.value;
    return typeof ref === "string" && ref !== "" ? ref : undefined;
  } catch {
    return undefined;
  }
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`);

/**
 * The rule as it is deployed: guarded by the hostnames of the site, of its services and of its guests wherever the plan
 * lets it see them, everything explicit.
 */
function deployedRule(
  { when, examples, enabled = true, limit, guests, services, gatewayClass: _, ...rule }: PolicyRule,
  phase: Phase,
  { site, plan }: RuleContext,
): DeployedRule {
  const guard = guardOf(phase, site, guests, services);
  const expression = seesHost(phase, plan) ? guarded(guard, when) : when;
  const source = { file: fileOfRule(phase, rule.ref), when, examples };
  if (limit === undefined) return { ...rule, expression, enabled, source };
  const ratelimit = limitOnPlan(limit, plan);
  const description = `${rule.description}: ${limitInWords(ratelimit)}`;
  return { ...rule, description, expression, enabled, ratelimit, source: { ...source, limit } };
}

function guardOf(phase: Phase, site: Site, guests?: boolean, services?: boolean): ExpressionText {
  if (services) return onHostnames(siteHostnames(site));
  return guests === false || phase === CACHE ? onBackend(site) : onHostnames(boundHostnames(site));
}

/** What of a guest or of a service may be cached depends on what it serves, which the owner does not know. */
const CACHE: Phase = "http_request_cache_settings";

/** Free's rate limiting rule sees the path and nothing else, so it cannot carry the guard by hostname. */
const seesHost = (phase: Phase, plan: Plan): boolean => phase !== "http_ratelimit" || rateLimitSees(plan, "http.host");

/**
 * Both conditions. `and` binds tighter than `or`, so a condition with `or` is bracketed: without brackets its second
 * half would hold for every site of the zone. A condition that is no expression by itself stays alone, because `ssl)
 * or (true` would be one beside the guard, and is refused.
 */
function guarded(guard: ExpressionText, when: ExpressionText): ExpressionText {
  const parsed = parse(when);
  if (!parsed.ok) return when;
  return and(guard, parsed.tree.kind === "logical" && parsed.tree.operator !== "and" ? `(${when})` : when);
}

/** Warns where the plan does not have a limit as it is written, and says what the plan makes of it (A10). */
function limitWarning({ ref, ratelimit, source }: DeployedRule, phase: Phase, plan: Plan): readonly ProofDiagnostic[] {
  const { limit, file } = source;
  if (limit === undefined || ratelimit === undefined || ratelimit.period === limit.seconds) return [];
  const fitted = `${limitInWords(ratelimit)} on ${planName(plan)}`;
  const message = `${limitInWords(limit)} becomes ${fitted}, which has no such period`;
  const hint = `write a limit for ${ratelimit.period} s, or take a plan that has ${limit.seconds} s`;
  return [
    { ...proofDiagnostic({ file, phase, ref }, "limit-differs", "/limit", limit, message, hint), severity: "warning" },
  ];
}
