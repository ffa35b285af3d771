import { type Phase, type Plan, rateLimitSees } from "../rules/index.ts";
import { maxConditionLength } from "./hostnames.ts";
import { limitInWords } from "./limit.ts";
import type { PhaseRuleset, PolicyRule, RuleContext } from "./rule.ts";
import { unknownRequests } from "./unknown-requests.ts";

/** A rule that exceeds the plan, and what enforces it instead. */
interface NotAtTheEdge {
  readonly what: string;
  readonly why: string;
  readonly enforcedBy: "gateway" | "nothing";
}

/** What is deployed and what is not, for people. An output of the stack. */
export interface PlanReport {
  readonly plan: Plan;
  readonly deployed: readonly {
    readonly phase: Phase;
    readonly ref: string;
    readonly action: string;
    readonly description: string;
  }[];
  readonly notAtTheEdge: readonly NotAtTheEdge[];
}

/** What is deployed, and what is left to the gateway; `leftOut` are the rules that exceed the plan. */
export function planReport(
  { site, surface, plan }: RuleContext,
  rulesets: readonly PhaseRuleset[],
  leftOut: readonly PolicyRule[],
): PlanReport {
  const has = (ref: string) => rulesets.some(({ rules }) => rules.some((rule) => rule.ref === ref && rule.enabled));
  return {
    plan,
    deployed: rulesets.flatMap(({ phase, rules }) =>
      rules.map(({ ref, action, description, enabled }) => ({
        phase,
        ref,
        action,
        description: enabled ? description : `${description} (disabled)`,
      })),
    ),
    notAtTheEdge: [
      ...leftOut.map(
        ({ ref, limit }): NotAtTheEdge => ({
          what: `rate limit ${ref}${limit === undefined ? "" : `: ${limitInWords(limit)}`}`,
          why: `the ${plan} plan has no rate limiting rule left for it`,
          enforcedBy: "gateway",
        }),
      ),
      ...rulesets.flatMap(({ rules }) =>
        rules.flatMap(({ ref, ratelimit, source: { limit } }): NotAtTheEdge[] =>
          limit === undefined || ratelimit === undefined || ratelimit.period === limit.seconds
            ? []
            : [
                {
                  what: `rate limit ${ref}: ${limitInWords(limit)}`,
                  why: `the ${plan} plan has no such period: ${limitInWords(ratelimit)} is deployed`,
                  enforcedBy: "nothing",
                },
              ],
        ),
      ),
      ...(rateLimitSees(plan, "http.host")
        ? []
        : [
            {
              what: "the hostname in the rate limiting rule",
              why:
                `on the ${plan} plan it sees the path only: the same paths on other sites of this zone count and ` +
                "are limited too",
              enforcedBy: "nothing",
            } as const,
          ]),
      ...(has("to_https")
        ? []
        : [
            {
              what: "the way from http:// to https://",
              why:
                "no rule to_https is on, or the paths of the page do not fit one expression: plain HTTP is not " +
                "redirected",
              enforcedBy: "nothing",
            } as const,
          ]),
      ...(!has("not_in_surface")
        ? [
            {
              what: "paths and methods that the surface does not have",
              why: "no rule not_in_surface is on",
              enforcedBy: "gateway",
            } as const,
          ]
        : []),
      ...(unknownRequests(surface, maxConditionLength(site)).exact
        ? []
        : [
            {
              what: "some paths that the surface does not have",
              why: "the whole surface does not fit one expression: paths are compared by their first segments",
              enforcedBy: "gateway",
            } as const,
          ]),
      {
        what: "messages on an open WebSocket",
        why: "Cloudflare's rules see the handshake of a WebSocket, not what follows it",
        enforcedBy: "gateway",
      },
      {
        what: "size limits of request bodies",
        why: "rules see the body on Enterprise only",
        enforcedBy: "gateway",
      },
      {
        what: "one count for an address that reaches several data centres",
        why: "each of Cloudflare's data centres counts for itself",
        enforcedBy: "gateway",
      },
    ],
  };
}

/** The report as the stack's outputs show it: one line an entry. */
export function reportLines({ deployed, notAtTheEdge }: PlanReport): {
  readonly deployed: readonly string[];
  readonly notAtTheEdge: readonly string[];
} {
  return {
    deployed: deployed.map(({ phase, ref, description }) => `${phase} ${ref}: ${description}`),
    notAtTheEdge: notAtTheEdge.map(({ what, why, enforcedBy }) =>
      enforcedBy === "gateway" ? `${what}: ${why}; the gateway enforces it` : `${what}: ${why}`,
    ),
  };
}
