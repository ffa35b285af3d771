import { DOCUMENTED_CHARACTERISTIC, PLAN_LIMITS } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

export const unusualCharacteristic: Lint = {
  name: "unusual-characteristic",
  severity: "warning",
  about: "Cloudflare does not document that a rate limit can count by this value.",
  *inRule({ rule, plan }) {
    if (!PLAN_LIMITS[plan].rlCharacteristics.includes("*")) return;
    for (const one of rule.ratelimit?.characteristics ?? []) {
      if (DOCUMENTED_CHARACTERISTIC.test(one)) continue;
      yield {
        property: "ratelimit.characteristics",
        message: `${one} is no documented characteristic`,
        hint: "try it with a dry run of the API",
      };
    }
  },
};
