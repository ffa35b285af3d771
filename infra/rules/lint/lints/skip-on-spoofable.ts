import type { Condition } from "../../check/typed.ts";
import type { Lint } from "../lint.ts";
import { isSpoofable } from "../spoofable.ts";
import { callOf, fieldOf } from "../visit.ts";

export const skipOnSpoofable: Lint = {
  name: "skip-on-spoofable",
  severity: "warning",
  about:
    "A skip that depends only on what the client writes (user agent, header, referer) can be used by every client.",
  *inRule({ rule, expression }) {
    const { condition } = expression.analysis;
    if (rule.action !== "skip" || !condition || opensOnly(condition) !== true) return;
    yield {
      property: "expression",
      message: "any client can send what this requires, and is then not checked",
      hint: "add something a client cannot choose: ip.src in {…}, cf.client.bot, a validated token",
    };
  },
};

/**
 * Whether a client can make a condition true at will; a path or host alone is a choice of resource, not a credential.
 */
function opensOnly(condition: Condition): boolean | undefined {
  switch (condition.kind) {
    case "logical": {
      const items = condition.items.map(opensOnly).filter((item) => item !== undefined);
      if (items.length === 0) return undefined;
      return condition.operator === "or" ? items.includes(true) : items.every(Boolean);
    }
    case "not":
      return opensOnly(condition.operand);
    case "quantifier":
      return condition.over.kind === "reader" ? isSpoofable(condition.over) : opensOnly(condition.over);
    default: {
      const inner = callOf(condition.left)?.inner ?? condition.left;
      const name = fieldOf(inner) ?? "";
      if (/uri|host|method|version|^ssl$|^true$/.test(name)) return undefined;
      // A value that only those know who hold the secret is a credential.
      const isSecret =
        condition.kind === "compare" &&
        condition.test.kind === "order" &&
        /headers|cookie/.test(name) &&
        String(condition.test.value).length >= 16;
      return isSecret ? false : isSpoofable(condition.left);
    }
  }
}
