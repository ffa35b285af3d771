import type { Lint } from "../lint.ts";

export const longDescription: Lint = {
  name: "long-description",
  severity: "warning",
  about: "A description of more than 500 characters.",
  *inRule({ rule }) {
    const length = rule.description?.length ?? 0;
    if (length > 500)
      yield { property: "description", message: `the description has ${length} characters, more than 500` };
  },
};
