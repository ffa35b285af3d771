import { compile } from "../../evaluate/compile.ts";
import { lowerAscii } from "../../evaluate/match-wildcard.ts";
import { fieldsOf } from "../../evaluate/request-fields.ts";
import { FieldNotGiven, type Fields, type Value } from "../../evaluate/value.ts";
import { SCHEMA } from "../../schema/schema.ts";
import type { Lint, PreparedRule } from "../lint.ts";

/** The page's own document, which a browser shows and which can show a challenge. */
const DOCUMENT = "/";

export const challengeOnCall: Lint = {
  name: "challenge-on-call",
  severity: "error",
  about:
    "A challenge on a path that the page calls by fetch or over a socket: the call gets the challenge's page, " +
    "which is never shown, and fails.",
  *inPolicy({ input: { calledPaths = [] }, rules }) {
    for (const rule of rules) {
      const { action, enabled } = rule.rule;
      if (!action.endsWith("challenge") || enabled === false) continue;
      const mayMatch = pathTest(rule);
      // Who loads the page meets the challenge there, and the calls carry the clearance that it gives.
      if (!mayMatch || mayMatch(DOCUMENT)) continue;
      const [first, ...others] = calledPaths.filter(mayMatch);
      if (first === undefined) continue;
      const more = others.length > 0 ? ` and ${others.length} more` : "";
      yield {
        rule,
        property: "expression",
        message:
          `${action} on ${first}${more}, which the page calls by fetch or over a socket: a script cannot solve it, ` +
          "so that the call fails",
        hint: "block instead, limit its rate, or challenge the page itself, whose clearance its calls carry",
      };
    }
  },
};

/**
 * Whether a rule may match a request for a path, of which nothing else is known. Undefined where the expression is
 * wrong.
 */
function pathTest({ expression, phase, plan }: PreparedRule): ((path: string) => boolean) | undefined {
  const compiled = expression.analysis.condition && compile(expression.text, { phase, plan });
  return compiled?.ok ? (path) => compiled.read(onlyPath(path)).value !== false : undefined;
}

/** The fields of a request of which only the path is known. */
function onlyPath(path: string): Fields {
  const given = { "http.request.uri.path": path, "raw.http.request.uri.path": path, true: true };
  const { values } = fieldsOf(SCHEMA, given);
  const names = [...SCHEMA.fields.keys()];
  const read = (slot: number): Value => {
    const value = values[slot];
    if (value === undefined) throw new FieldNotGiven(names[slot] ?? "");
    return value;
  };
  return { values, read, lowered: [], lower: (slot) => lowerAscii(read(slot) as string) };
}
