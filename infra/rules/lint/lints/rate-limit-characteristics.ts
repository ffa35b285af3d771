import { PLAN_LIMITS, planName } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

// https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/#with-the-same-characteristics
const known =
  /^(?:cf\.colo\.id|ip\.src(?:\.(?:asnum|country))?|ip\.geoip\.(?:asnum|country)|cf\.unique_visitor_id|http\.host|http\.request\.uri\.path|cf\.bot_management\.(?:ja3_hash|ja4)|(?:http\.request\.(?:headers|cookies|uri\.args|body\.form)\["[^"]+"\])|http\.request\.body\.raw|lookup_json_string\(.+\)|(?:lower|upper|url_decode|substring|concat|sha256)\(.+\))$/;

export const rateLimitCharacteristics: Lint = {
  name: "rate-limit-characteristics",
  severity: "error",
  about: "The plan can count by these characteristics; ip.src and cf.unique_visitor_id exclude each other.",
  *inRule({ rule, plan }) {
    const given = rule.ratelimit?.characteristics;
    if (!given) return;
    const property = "ratelimit.characteristics";
    const allowed = PLAN_LIMITS[plan].rlCharacteristics;
    for (const one of given) {
      if (one === "cf.colo.id" || allowed.includes(one)) continue;
      if (!allowed.includes("*")) {
        yield {
          property,
          message: `${planName(plan)} cannot count by ${one}`,
          hint: `it can count by ${allowed.join(", ")}`,
        };
      } else if (!known.test(one))
        yield { property, severity: "warning", message: `${one} is no documented characteristic` };
    }
    if (given.includes("ip.src") && given.includes("cf.unique_visitor_id")) {
      yield { property, message: "ip.src and cf.unique_visitor_id exclude each other" };
    }
  },
};
