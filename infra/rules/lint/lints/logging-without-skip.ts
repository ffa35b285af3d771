import type { Lint } from "../lint.ts";

export const loggingWithoutSkip: Lint = {
  name: "logging-without-skip",
  severity: "error",
  about: "Only a skip takes logging; the API refuses it elsewhere.",
  *inRule({ rule }) {
    if (rule.logging === undefined || rule.action === "skip") return;
    yield { property: "logging", message: `${rule.action} does not take logging`, hint: "every match of it is logged" };
  },
};
