import type { Lint } from "../lint.ts";
import { plainField, readers } from "../visit.ts";

export const constantField: Lint = {
  name: "constant-field",
  severity: "warning",
  about: "cf.threat_score is always 0 since Cloudflare retired it.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const reader of readers(condition)) {
      if (plainField(reader) !== "cf.threat_score") continue;
      yield {
        span: reader.node.span,
        message: "cf.threat_score is always 0 since Cloudflare retired it",
        hint: "use cf.bot_management.score or cf.waf.score where the plan has them",
      };
    }
  },
};
