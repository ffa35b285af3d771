import type { RateClass } from "../../backend/surface.ts";
import { PLAN_LIMITS, type Plan, periodsOf, type RateLimit } from "../rules/index.ts";
import { anyOfPaths } from "./paths.ts";
import type { Example, PolicyRule } from "./rule.ts";
import { pathsOfClass, type Surface } from "./surface.ts";

/** Classes by how much an unlimited one would cost: the plan's rate limiting rules go to the first of them. */
const BY_RISK: readonly RateClass[] = ["credential", "write", "read"];

export interface RateLimits {
  readonly rules: readonly PolicyRule[];
  /** Classes that the plan has no rule for; the gateway's own limiter enforces them, as it enforces all others. */
  readonly left: readonly RateClass[];
}

/**
 * Rate limiting rules (https://developers.cloudflare.com/waf/rate-limiting-rules/), one a class of the surface, as many as the
 * plan has. Free's single rule sees the path and nothing else, so it cannot carry the guard by hostname.
 */
export function rateLimits(plan: Plan, surface: Surface): RateLimits {
  const classes = BY_RISK.filter((rate) => pathsOfClass(surface, rate).length > 0);
  const deployed = classes.slice(0, PLAN_LIMITS[plan].rateLimitRules);
  return {
    rules: deployed.map((rate) => limitOf(rate, plan, surface)),
    left: classes.slice(deployed.length),
  };
}

function limitOf(rate: RateClass, plan: Plan, surface: Surface): PolicyRule {
  const paths = pathsOfClass(surface, rate);
  const { requests, seconds } = surface.rates[rate];
  const ratelimit = withinPlan(requests, seconds, plan);
  return {
    ref: `${rate}_rate`,
    description: `Limit ${rate} endpoints to ${ratelimit.requests_per_period} requests in ${ratelimit.period} s for each address`,
    when: anyOfPaths(paths),
    action: "block",
    ratelimit,
    examples: {
      match: [`POST ${paths[0]}`, ...paths.slice(1).map((path): Example => `POST ${path}`)],
      pass: [`POST ${paths[0]}/x`, ...surface.assets.map((path): Example => `GET ${path}`)],
    },
  };
}

/**
 * The class's rate in a period the plan allows. A shorter period keeps the average and rounds down, so that the edge never
 * allows more than the gateway; blocked callers stay blocked for one period.
 */
function withinPlan(requests: number, seconds: number, plan: Plan): RateLimit & { requests_per_period: number } {
  const allowed = periodsOf(plan);
  const [shortest = 10] = allowed;
  const period = allowed.findLast((candidate) => candidate <= seconds) ?? shortest;
  return {
    characteristics: ["ip.src", "cf.colo.id"],
    period,
    requests_per_period: Math.max(1, Math.floor((requests * period) / seconds)),
    mitigation_timeout: period,
    requests_to_origin: false,
  };
}
