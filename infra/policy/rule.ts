import type { Action, FieldValue, Phase, RateLimit, Rule } from "../rules/index.ts";
import type { Expression } from "./expression.ts";

/**
 * A request to try a rule on. Short form: `GET /path` or `POST https://other.example/path`; a path alone goes to the site's
 * first hostname over https.
 */
export type Example = string | ExampleRequest;

export interface ExampleRequest {
  /** `METHOD /path` or `METHOD URL`. */
  readonly request: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Visitor's address. */
  readonly ip?: string;
  /** Values of fields that only Cloudflare can compute, e.g. `{ "ip.src.country": "T1" }`. */
  readonly given?: Readonly<Record<string, FieldValue>>;
}

/** Evidence that stands beside the claim: requests that the rule must match, and requests that must pass it by. */
export interface Examples {
  readonly match: readonly [Example, ...Example[]];
  readonly pass: readonly [Example, ...Example[]];
}

/**
 * A rule as this room writes it: what makes it apply (`when`), without the guard by the site's hostnames, which `index.ts` adds
 * to every rule. The rest is in the words of the Rulesets API.
 */
export type PolicyRule = {
  /** Identity of the rule across edits, unique in its phase, `[a-z0-9_]+`: its id, its counters and its history hang on it. */
  readonly ref: string;
  /** One line for the dashboard and the logs: what it does and why. */
  readonly description: string;
  readonly when: Expression;
  readonly ratelimit?: RateLimit;
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

/** A rule as it is deployed, with its examples. */
export type DeployedRule = Rule &
  Required<Pick<Rule, "ref" | "description" | "enabled">> & {
    readonly examples: Examples;
  };

/** The rules of one phase: one ruleset, the phase's entry point in the zone. */
export interface PhaseRuleset {
  readonly phase: Phase;
  /** Constant: a changed name would replace the ruleset. */
  readonly name: string;
  readonly rules: readonly DeployedRule[];
}
