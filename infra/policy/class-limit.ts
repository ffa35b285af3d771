import type { RateClass } from "../../backend/surface.ts";
import type { Limit } from "./limit.ts";
import { anyOfPaths } from "./paths.ts";
import type { Example, PolicyRule, RuleContext } from "./rule.ts";
import { pathsOfClass, samplePath } from "./surface.ts";

/**
 * The rate limit of the surface's endpoints of one class, for each address; undefined where the surface has none.
 * `limit` is the class's own if absent: the edge then limits as the gateway does.
 */
export function classLimit(rate: RateClass, { surface }: RuleContext, limit?: Limit): PolicyRule | undefined {
  const { requests, seconds } = surface.rates[rate];
  const [first, ...more] = pathsOfClass(surface, rate);
  if (first === undefined) return undefined;
  return {
    ref: `${rate}_rate`,
    description: `Limit ${rate} endpoints for each address`,
    when: anyOfPaths([first, ...more]),
    action: "block",
    limit: limit ?? { requests, seconds },
    gatewayClass: rate,
    examples: {
      match: [`POST ${samplePath(first)}`, ...more.map((path): Example => `POST ${samplePath(path)}`)],
      pass: [`POST ${samplePath(first)}/x`, ...surface.assets.map((path): Example => `GET ${path}`)],
    },
  };
}
