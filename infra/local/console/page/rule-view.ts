import { type ComponentChildren, h, type JSX } from "preact";
import type { RuleReading } from "../console-data.ts";
import { readable } from "./data.ts";

/** What a rule did with a request, and which parts of its expression decided. */
export function ruleOf({
  ref,
  phase,
  action,
  description,
  expression,
  result,
  why,
  parts,
  count,
}: RuleReading): JSX.Element {
  return h(
    "div",
    { class: "rule", key: `${phase} ${ref}` },
    h("p", null, h("strong", null, ref), ` ${action}: ${result}`, description !== "" && `. ${description}`),
    why !== "" && h("p", { dir: "auto" }, readable(why)),
    count &&
      h(
        "p",
        null,
        `Counter: ${count.before} before, ${count.after} after, of ${count.threshold} in ${count.period / 1000} s`,
      ),
    h("details", null, h("summary", null, "Expression"), h("pre", { tabIndex: 0 }, marked(expression, parts))),
  );
}

/** The expression with each smallest part marked by what it was. */
function marked(expression: string, parts: RuleReading["parts"]): ComponentChildren[] {
  const leaves = parts.filter(
    (one) => !parts.some((other) => other !== one && other.start >= one.start && other.end <= one.end),
  );
  const pieces: ComponentChildren[] = [];
  let at = 0;
  for (const { start, end, value } of leaves.toSorted((one, other) => one.start - other.start)) {
    pieces.push(expression.slice(at, start));
    const title = value === undefined ? "undetermined" : String(value);
    pieces.push(h("span", { class: title, title }, expression.slice(start, end), h("small", null, ` [${title}]`)));
    at = end;
  }
  return [...pieces, expression.slice(at)];
}
