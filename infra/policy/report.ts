import type { RateClass } from "../../backend/surface.ts";
import type { Phase, Plan } from "../rules/index.ts";
import { rateLimitSees } from "./entitlements.ts";
import type { PhaseRuleset } from "./rule.ts";
import type { Surface } from "./surface.ts";

/** What the plan had no room for, and who sees to it instead. */
export interface NotAtTheEdge {
  readonly what: string;
  readonly why: string;
  readonly enforcedBy: "gateway" | "nobody";
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

/** What `index.ts` learned while it built the policy. */
export interface Built {
  readonly plan: Plan;
  readonly surface: Surface;
  readonly rulesets: readonly PhaseRuleset[];
  readonly classesLeft: readonly RateClass[];
  /** Whether the page is redirected from plain HTTP to TLS. */
  readonly redirected: boolean;
  /** Whether the rule `not_in_surface` says the surface exactly. */
  readonly exact: boolean;
}

/** Says what `built` deploys, and everything that it leaves to the gateway. */
export function planReport({ plan, surface, rulesets, classesLeft, redirected, exact }: Built): PlanReport {
  return {
    plan,
    deployed: rulesets.flatMap(({ phase, rules }) =>
      rules.map(({ ref, action, description }) => ({
        phase,
        ref,
        action,
        description,
      })),
    ),
    notAtTheEdge: [
      ...classesLeft.map(
        (rate): NotAtTheEdge => ({
          what: `rate class ${rate}: ${surface.rates[rate].requests} requests in ${surface.rates[rate].seconds} s`,
          why: `the ${plan} plan has no rate limiting rule left for it`,
          enforcedBy: "gateway",
        }),
      ),
      ...(rateLimitSees(plan, "http.host")
        ? []
        : [
            {
              what: "the hostname in the rate limiting rule",
              why: `on the ${plan} plan it sees the path only: the same paths on other sites of this zone count and are limited too`,
              enforcedBy: "nobody",
            } as const,
          ]),
      ...(redirected
        ? []
        : [
            {
              what: "the way from http:// to https://",
              why: "the paths of the page do not fit one expression: they are blocked over plain HTTP like everything else",
              enforcedBy: "nobody",
            } as const,
          ]),
      ...(exact
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
      enforcedBy === "gateway" ? `${what}: ${why}; the gateway sees to it` : `${what}: ${why}`,
    ),
  };
}
