import type { Lint } from "../lint.ts";
import { comparisons, plainField } from "../visit.ts";

export const rawPath: Lint = {
  name: "raw-path",
  severity: "hint",
  about: "raw.http.request.uri.path is not normalised: /a/../admin is not /admin there.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const field = plainField(compared.left) ?? "";
      if (!/^raw\.http\.request\.(?:uri|full_uri)(?:\.path)?$/.test(field) || compared.test.kind === "dynamic")
        continue;
      yield {
        span: compared.left.node.span,
        message: "this is what the client sent, before normalization; a client can write the same path in many ways",
        hint: `use ${field.slice("raw.".length)} where the resource is meant`,
      };
    }
  },
};
