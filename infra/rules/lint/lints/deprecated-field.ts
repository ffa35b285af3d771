import { SCHEMA } from "../../schema/schema.ts";
import type { Lint } from "../lint.ts";

export const deprecatedField: Lint = {
  name: "deprecated-field",
  severity: "warning",
  about: "The field is deprecated and another has taken its place.",
  *inExpression({ analysis: { fields } }) {
    for (const { used, span } of fields) {
      const { name, replacedBy } = used;
      if (replacedBy === undefined || !SCHEMA.fields.has(replacedBy)) continue;
      yield { span, message: `${name} is deprecated`, hint: `use ${replacedBy}`, fix: [{ span, text: replacedBy }] };
    }
  },
};
