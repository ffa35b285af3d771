import { type Phase, type Plan, rateLimitSees } from "../rules/index.ts";
import { maxConditionLength } from "./hostnames.ts";
import { limitInWords } from "./limit.ts";
import { onBackend } from "./on-backend.ts";
import type { DeployedRule, PhaseRuleset, PolicyRule, RuleContext } from "./rule.ts";
import type { Site } from "./site.ts";
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
  context: RuleContext,
  rulesets: readonly PhaseRuleset[],
  leftOut: readonly PolicyRule[],
): PlanReport {
  const { plan } = context;
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
      ...leftOut.map((rule) => leftOutLimit(rule, plan)),
      ...rulesets.flatMap(({ rules }) => rules.flatMap((rule) => otherPeriod(rule, plan))),
      ...hostnameInLimits(context),
      ...missingRules(context, rulesets),
      ...NEVER_AT_THE_EDGE,
    ],
  };
}

/** A rate limit that the plan has no rule for. */
const leftOutLimit = ({ ref, limit }: PolicyRule, plan: Plan): NotAtTheEdge => ({
  what: `rate limit ${ref}${limit === undefined ? "" : `: ${limitInWords(limit)}`}`,
  why: `the ${plan} plan has no rate limiting rule left for it`,
  enforcedBy: "gateway",
});

/** A rate limit that is deployed with another period than its author wrote. */
function otherPeriod({ ref, ratelimit, source: { limit } }: DeployedRule, plan: Plan): readonly NotAtTheEdge[] {
  if (limit === undefined || ratelimit === undefined || ratelimit.period === limit.seconds) return [];
  return [
    {
      what: `rate limit ${ref}: ${limitInWords(limit)}`,
      why: `the ${plan} plan has no such period: ${limitInWords(ratelimit)} is deployed`,
      enforcedBy: "nothing",
    },
  ];
}

function hostnameInLimits({ plan, site: { guests = [] } }: RuleContext): readonly NotAtTheEdge[] {
  if (rateLimitSees(plan, "http.host")) return [];
  return [
    {
      what: "the hostname in the rate limiting rule",
      why:
        `on the ${plan} plan it sees the path only: the same paths on other sites of this zone` +
        `${guests.length === 0 ? "" : ", guests included,"} count and are limited too`,
      enforcedBy: "nothing",
    },
  ];
}

/** What is not enforced because a rule of the kit is missing or disabled, or cannot have the whole surface. */
function missingRules({ site, surface }: RuleContext, rulesets: readonly PhaseRuleset[]): readonly NotAtTheEdge[] {
  const has = (ref: string) => rulesets.some(({ rules }) => rules.some((rule) => rule.ref === ref && rule.enabled));
  const missing: NotAtTheEdge[] = [];
  if (!has("to_https")) {
    missing.push({
      what: "the way from http:// to https://",
      why: "no rule to_https is on, or the paths of the page do not fit one expression: plain HTTP is not redirected",
      enforcedBy: "nothing",
    });
  }
  if (!has("not_in_surface")) {
    missing.push({
      what: "paths and methods that the surface does not have",
      why: "no rule not_in_surface is on",
      enforcedBy: "gateway",
    });
  }
  if (!unknownRequests(surface, maxConditionLength(onBackend(site))).isExact) {
    missing.push({
      what: "some paths that the surface does not have",
      why: "the whole surface does not fit one expression: paths are compared by their first segments",
      enforcedBy: "gateway",
    });
  }
  return missing;
}

/** Of a guest: nothing is deployed, and what the rules of the owner leave to the guest's gateway. */
export const guestReport = (plan: Plan, { access }: Pick<Site, "access">): PlanReport => ({
  plan,
  deployed: [],
  notAtTheEdge: [
    {
      what: "paths and methods that the surface does not have",
      why: "this stack is a guest: the owner of the zone's rules knows its own surface only",
      enforcedBy: "gateway",
    },
    {
      what: "responses that must not be cached",
      why: "no cache rule of the owner binds a guest",
      enforcedBy: "gateway",
    },
    ...(access === undefined
      ? []
      : [
          {
            what: "files of services behind Access that must not be cached",
            why: "no cache rule of the owner binds a guest: the service has to send Cache-Control: private",
            enforcedBy: "nothing" as const,
          },
        ]),
    ...NEVER_AT_THE_EDGE,
  ],
});

/** What no rule of any plan can do. */
const NEVER_AT_THE_EDGE: readonly NotAtTheEdge[] = [
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
];

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
