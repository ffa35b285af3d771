import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

const fits = { Ip: "ip", Bytes: "hostname", Int: "asn" } as const;

export const listKind: Lint = {
  name: "list-kind",
  severity: "error",
  about: "The kind of the list does not fit the field: addresses, host names or AS numbers.",
  *inPolicy({ rules, input: { lists = {} } }) {
    for (const rule of rules) {
      for (const expression of [rule.expression, ...(rule.counting ? [rule.counting] : [])]) {
        if (!expression.analysis.condition) continue;
        for (const { compared } of comparisons(expression.analysis.condition)) {
          const { test, left } = compared;
          const list = test.kind === "list" && Object.hasOwn(lists, test.name) ? lists[test.name] : undefined;
          if (!list || test.kind !== "list" || typeof left.type !== "string" || left.type === "Bool") continue;
          if (fits[left.type] === list.kind) continue;
          yield {
            rule,
            property: expression.part === "expression" ? "expression" : "ratelimit.counting_expression",
            message: `$${test.name} is a list of ${{ ip: "addresses", hostname: "host names", asn: "AS numbers" }[list.kind]}, which this field is not`,
          };
        }
      }
    }
  },
};
