import type { LintInput, Phase, Plan, RateLimit, Rule } from "../../../../infra/rules/index.ts";

/** A policy of one or a few rules, and where one lint finds something in it. */
export interface Case {
  /** The expression of the only rule. */
  readonly expression?: string;
  /** What else that rule has. */
  readonly rule?: Partial<Rule>;
  /** Makes it a rate limiting rule: in what it differs from ten requests a minute by address. */
  readonly limit?: Partial<RateLimit>;
  /** Several rules instead. */
  readonly rules?: readonly Partial<Rule>[];
  readonly phase?: Phase;
  readonly plan?: Plan;
  readonly lists?: LintInput["lists"];
  readonly hostnames?: readonly string[];
  readonly calledPaths?: readonly string[];
  /** The text that each finding underlines; "" for one that underlines none. Empty where nothing is found. */
  readonly finds: readonly string[];
  /** The expression after the first finding's fix. */
  readonly fixed?: string;
}

/** The usual rate limit of a case. */
export const TEN_A_MINUTE: RateLimit = {
  characteristics: ["ip.src", "cf.colo.id"],
  period: 60,
  requests_per_period: 10,
  mitigation_timeout: 60,
};

export function inputOf(one: Case): LintInput {
  const { expression, rule, limit, rules, phase, plan = "enterprise", lists, hostnames, calledPaths } = one;
  const ratelimit = limit && { ...TEN_A_MINUTE, ...limit };
  const given: readonly Partial<Rule>[] = rules ?? [
    { ...rule, ...(expression !== undefined && { expression }), ...(ratelimit && { ratelimit }) },
  ];
  return {
    plan,
    rulesets: [
      {
        phase: phase ?? (given.some(({ ratelimit }) => ratelimit) ? "http_ratelimit" : "http_request_firewall_custom"),
        rules: given.map((one, i) => ({ ref: `rule_${i + 1}`, expression: "ssl", action: "block", ...one })),
      },
    ],
    ...(lists && { lists }),
    ...(hostnames && { hostnames }),
    ...(calledPaths && { calledPaths }),
  };
}
