import type { Lint } from "../lint.ts";
import { addressHeaders } from "../spoofable.ts";
import { fieldOf, readers } from "../visit.ts";

export const spoofableAddress: Lint = {
  name: "spoofable-address",
  severity: "warning",
  about: "X-Forwarded-For and similar headers hold what the client wrote there; the visitor's address is ip.src.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const reader of readers(condition)) {
      const key = reader.accesses.find((access) => access.kind === "key");
      const header =
        fieldOf(reader) === "http.request.headers" && key?.kind === "key" ? key.key.toLowerCase() : undefined;
      if (fieldOf(reader) !== "http.x_forwarded_for" && !addressHeaders.includes(header ?? "")) continue;
      yield { span: reader.node.span, message: "a client can write any address here", hint: "use ip.src" };
    }
  },
};
