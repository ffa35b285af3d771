import { PLAN_LIMITS } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

// https://developers.cloudflare.com/waf/rate-limiting-rules/parameters/#with-the-same-characteristics
const documented =
  /^(?:cf\.colo\.id|ip\.src(?:\.(?:asnum|country))?|ip\.geoip\.(?:asnum|country)|cf\.unique_visitor_id|http\.host|http\.request\.uri\.path|cf\.bot_management\.(?:ja3_hash|ja4)|(?:http\.request\.(?:headers|cookies|uri\.args|body\.form)\["[^"]+"\])|http\.request\.body\.raw|lookup_json_string\(.+\)|(?:lower|upper|url_decode|substring|concat|sha256)\(.+\))$/;

export const unusualCharacteristic: Lint = {
  name: "unusual-characteristic",
  severity: "warning",
  about: "Cloudflare does not document that a rate limit can count by this value.",
  *inRule({ rule, plan }) {
    if (!PLAN_LIMITS[plan].rlCharacteristics.includes("*")) return;
    for (const one of rule.ratelimit?.characteristics ?? []) {
      if (documented.test(one)) continue;
      yield {
        property: "ratelimit.characteristics",
        message: `${one} is no documented characteristic`,
        hint: "try it with a dry run of the API",
      };
    }
  },
};
