import type { Lint } from "../lint.ts";

export const missingRef: Lint = {
  name: "missing-ref",
  severity: "warning",
  about:
    "Without a ref of its own a rule gets a new id when the order changes, and loses its counters and its history.",
  *inRule({ rule }) {
    if (!rule.ref)
      yield {
        property: "ref",
        message: "the rule has no ref",
        hint: "give it one that is unique in its phase and never changes",
      };
  },
};
