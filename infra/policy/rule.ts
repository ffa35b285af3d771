import type { RateClass } from "../../backend/surface.ts";
import type { Action, Examples, Phase, Plan, RateLimit, Rule } from "../rules/index.ts";
import type { ExpressionText } from "./expression.ts";
import type { Limit } from "./limit.ts";
import type { Site } from "./site.ts";
import type { Surface } from "./surface.ts";

export type { Example } from "../rules/index.ts";

/** What a rule may depend on. */
export interface RuleContext {
  readonly site: Site;
  /** Paths, methods and rate classes of the backend. */
  readonly surface: Surface;
  /** The plan that the zone has, or that the configuration names. */
  readonly plan: Plan;
}

/**
 * What the file of a rule exports: the rule, or a function that makes it. Undefined: there is none for this site or
 * plan.
 */
export type RuleFile = PolicyRule | ((context: RuleContext) => PolicyRule | undefined);

/**
 * A rule as its author writes it: what makes it apply (`when`), without the guard by hostnames, which the policy adds
 * to every rule. The other members are those of the Rulesets API.
 */
export type PolicyRule = {
  /**
   * Identity of the rule across edits, unique in its phase, `[a-z0-9_]+`: its id, its counters and its history depend
   * on it. It names the rule's file too: `scanner_paths` is in `scanner-paths.ts`.
   */
  readonly ref: string;
  /** One line for the dashboard and the logs: what it does and why. */
  readonly description: string;
  readonly when: ExpressionText;
  /**
   * False: the rule is deployed, keeps its id and does nothing. Its examples are tried all the same. True if absent.
   */
  readonly enabled?: boolean;
  /** Of a rate limit: how many requests in how many seconds. The policy makes of it what the plan has. */
  readonly limit?: Limit;
  /** Of a rate limit, instead of `limit`: as the API has it. What the plan does not have is refused. */
  readonly ratelimit?: RateLimit;
  /**
   * The gateway enforces this class's limit too: where the plan does not allow all rate limits, this one is left out.
   */
  readonly gatewayClass?: RateClass;
  /**
   * False: the rule binds what this backend serves, and neither guests (`causeway:guests`) nor services
   * (`causeway:services`), as where it depends on what the backend has. Absent: it binds all of them. No cache rule
   * binds guests, and one binds services only where `services` says so.
   */
  readonly guests?: false;
  /** Of a cache rule. True: it binds services too. Absent: it binds what this backend serves. */
  readonly services?: true;
  readonly examples: Examples;
} & (
  | {
      readonly action: "skip";
      readonly action_parameters: Readonly<Record<string, unknown>>;
      /** Only `skip` takes it; the API refuses it elsewhere (20018). */
      readonly logging: { readonly enabled: boolean };
    }
  | { readonly action: Exclude<Action, "skip">; readonly action_parameters?: Readonly<Record<string, unknown>> }
);

/** Where a deployed rule comes from. Nothing of it is sent to Cloudflare. */
export interface RuleSource {
  /** From the project's folder, e.g. `infra/policy/custom-rules/scanner-paths.ts`. */
  readonly file: string;
  /** The condition as its author wrote it, without the guard. */
  readonly when: ExpressionText;
  readonly examples: Examples;
  /** The limit as its author wrote it, which the plan may not have. */
  readonly limit?: Limit;
}

/** A rule as it is deployed: `source` is the kit's own, the other members are those of the Rulesets API. */
export type DeployedRule = Rule &
  Required<Pick<Rule, "ref" | "description" | "enabled">> & {
    readonly source: RuleSource;
  };

/** The rule as the Rulesets API takes it. */
export const apiRule = ({ source: _, ...rule }: DeployedRule): Rule => rule;

/** The rules of one phase: one ruleset, the phase's entry point in the zone. */
export interface PhaseRuleset {
  readonly phase: Phase;
  /** Constant: a changed name would replace the ruleset. */
  readonly name: string;
  readonly rules: readonly DeployedRule[];
}

/** The ruleset as the Rulesets API takes it. */
export const apiRuleset = ({
  phase,
  name,
  rules,
}: PhaseRuleset): Pick<PhaseRuleset, "phase" | "name"> & { readonly rules: readonly Rule[] } => ({
  phase,
  name,
  rules: rules.map(apiRule),
});
