import type { Lint } from "../lint.ts";
import { comparisons, plainField, textLiterals } from "../visit.ts";

const countries = ["ip.src.country", "ip.geoip.country"];
const continents = ["ip.src.continent", "ip.geoip.continent"];
// https://developers.cloudflare.com/ruleset-engine/rules-language/fields/reference/ip.src.continent/
const knownContinents = ["AF", "AN", "AS", "EU", "NA", "OC", "SA", "T1"];

export const countryCode: Lint = {
  name: "country-code",
  severity: "warning",
  about:
    "Countries are two upper-case letters of ISO 3166-1 (GB, not UK), or T1 and XX; continents AF, AN, AS, EU, NA, " +
    "OC, SA, T1.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const field = plainField(compared.left) ?? "";
      for (const { value, span, operator } of textLiterals(compared)) {
        if (!["eq", "ne", "in"].includes(operator)) continue;
        if (countries.includes(field) && (!/^[A-Z][A-Z1]$/.test(value) || value === "UK" || value === "EU")) {
          yield {
            span,
            message: `no country has the code ${value}`,
            ...(value === "UK" && { hint: "the United Kingdom is GB" }),
            ...(value === "EU" && { hint: "use ip.src.is_in_european_union" }),
            ...(/^[a-z]{2}$/.test(value) && {
              hint: "codes are in upper case",
              fix: [{ span, text: `"${value.toUpperCase()}"` }],
            }),
          };
        } else if (continents.includes(field) && !knownContinents.includes(value)) {
          yield { span, message: `no continent has the code ${value}`, hint: knownContinents.join(", ") };
        }
      }
    }
  },
};
