import { addressLiterals, networkName, within } from "../addresses.ts";
import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

export const mappedAddress: Lint = {
  name: "mapped-address",
  severity: "warning",
  about:
    "A version 4 address written as ::ffff:a.b.c.d never matches; visitors with version 4 have a version 4 address.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      for (const { range, span } of addressLiterals(compared)) {
        if (!within(range, "::ffff:0.0.0.0/96")) continue;
        yield { span, message: `${networkName(range)} is not the version 4 address`, hint: "write it as a.b.c.d" };
      }
    }
  },
};
