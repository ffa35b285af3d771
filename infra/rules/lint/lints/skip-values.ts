import type { Lint } from "../lint.ts";

// https://developers.cloudflare.com/waf/custom-rules/skip/options/
const phases = ["http_ratelimit", "http_request_sbfm", "http_request_firewall_managed"];
const products = ["zoneLockdown", "uaBlock", "bic", "hot", "securityLevel", "rateLimit", "waf"];

export const skipValues: Lint = {
  name: "skip-values",
  severity: "error",
  about: "A skip names phases, products or a ruleset that it cannot skip; the names are case-sensitive.",
  *inRule({ rule }) {
    if (rule.action !== "skip") return;
    const { ruleset, phase } = rule.action_parameters ?? {};
    for (const [property, value] of Object.entries({ ruleset, phase })) {
      if (value === undefined || value === "current") continue;
      yield { property: `action_parameters.${property}`, message: `${property} can only be "current"` };
    }
    for (const [property, known] of Object.entries({ phases, products })) {
      const values = rule.action_parameters?.[property];
      if (values === undefined) continue;
      const unknown = Array.isArray(values) ? values.filter((value) => !known.includes(value)) : [values];
      if (unknown.length > 0) {
        yield {
          property: `action_parameters.${property}`,
          message: `a skip cannot name ${unknown.map((value) => JSON.stringify(value)).join(", ")} here`,
          hint: `it can name ${known.join(", ")}`,
        };
      }
    }
  },
};
