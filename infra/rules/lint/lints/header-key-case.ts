import type { Lint } from "../lint.ts";
import { fieldOf, readers } from "../visit.ts";

const maps = ["http.request.headers", "http.response.headers", "raw.http.response.headers"];

export const headerKeyCase: Lint = {
  name: "header-key-case",
  severity: "warning",
  about: "The keys of header maps are lower case; a key with upper-case letters is never there.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const reader of readers(condition)) {
      if (!maps.includes(fieldOf(reader) ?? "")) continue;
      for (const access of reader.accesses) {
        if (access.kind !== "key" || !/[A-Z]/.test(access.key)) continue;
        yield {
          span: access.span,
          message: "header names are in lower case here, so that this key is never found",
          fix: [{ span: access.span, text: `["${access.key.toLowerCase()}"]` }],
        };
      }
    }
  },
};
