import type { Lint, PolicyRule } from "../lint.ts";

// https://developers.cloudflare.com/waf/tools/lists/managed-lists/
const managed = ["cf.open_proxies", "cf.anonymizer", "cf.vpn", "cf.malware", "cf.botnetcc"];

export const unknownList: Lint = {
  name: "unknown-list",
  severity: "error",
  about: "An expression names a list that does not exist; managed lists (cf.…) need Enterprise.",
  *inPolicy({ rules, input, plan }) {
    for (const rule of rules) {
      for (const name of listsOf(rule)) {
        if (name.startsWith("cf.")) {
          if (!managed.includes(name)) {
            yield {
              rule,
              property: "expression",
              message: `Cloudflare has no managed list $${name}`,
              hint: managed.map((one) => `$${one}`).join(", "),
            };
          } else if (plan !== "enterprise")
            yield { rule, property: "expression", message: `the managed list $${name} needs Enterprise` };
        } else if (input.lists && !Object.hasOwn(input.lists, name)) {
          const known = Object.keys(input.lists);
          yield {
            rule,
            property: "expression",
            message: `there is no list $${name}`,
            ...(known.length > 0 && { hint: `there are ${known.map((one) => `$${one}`).join(", ")}` }),
          };
        }
      }
    }
  },
};

function listsOf({ expression, counting }: PolicyRule): ReadonlySet<string> {
  return new Set([...expression.analysis.lists, ...(counting?.analysis.lists ?? [])].map(({ what }) => what));
}
