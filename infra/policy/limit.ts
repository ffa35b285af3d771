import { type Plan, periodsOf, type RateLimit } from "../rules/index.ts";

/** The most requests that are allowed in a time. */
export interface Limit {
  readonly requests: number;
  readonly seconds: number;
  /** The characteristics that have a count each; `["ip.src"]`, which every plan has, if absent. */
  readonly by?: readonly string[];
}

/**
 * The limit in a period that the plan has. A shorter period keeps the average and rounds down, so that the edge never
 * allows more than was written; a blocked client stays blocked for one period.
 */
export function limitOnPlan(
  { requests, seconds, by = ["ip.src"] }: Limit,
  plan: Plan,
): RateLimit & { readonly requests_per_period: number } {
  const allowed = periodsOf(plan);
  const period = allowed.findLast((candidate) => candidate <= seconds) ?? allowed[0] ?? seconds;
  return {
    characteristics: [...by, "cf.colo.id"],
    period,
    requests_per_period: Math.max(1, Math.floor((requests * period) / seconds)),
    mitigation_timeout: period,
    requests_to_origin: false,
  };
}

/** How many requests in how many seconds, in words. */
export function limitInWords(limit: Limit | RateLimit): string {
  const [requests, seconds] =
    "period" in limit ? [limit.requests_per_period ?? 0, limit.period] : [limit.requests, limit.seconds];
  return `${requests} ${requests === 1 ? "request" : "requests"} in ${seconds} s`;
}
