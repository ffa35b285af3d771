import { type Comparison, type ListKind, parse } from "../rules/index.ts";
import type { PolicyList } from "./list.ts";

/** The shortest value of each kind: none is longer than the shortest name of a list. No rule is deployed with it. */
const STAND_INS: Readonly<Record<ListKind, string>> = { ip: "::", hostname: '""', asn: "1" };

/**
 * An expression with `eq` and one value in the place of `in` and these lists, which Cloudflare does not have yet: so
 * the rest of it can be checked. It is never longer than before, so that it does not exceed the limit of an expression.
 * A text that is no expression stays as it is.
 */
export function withoutLists(text: string, lists: readonly Pick<PolicyList, "name" | "kind">[]): string {
  const kinds = new Map(lists.map(({ name, kind }) => [name, kind]));
  const parsed = text.includes("$") ? parse(text) : undefined;
  if (!parsed?.ok) return text;
  return comparisonsIn(parsed.tree)
    .flatMap(({ operator, right }) => {
      const kind = right?.kind === "list" ? kinds.get(right.name) : undefined;
      if (operator === undefined || right === undefined || kind === undefined) return [];
      return [
        { span: operator.span, text: "eq" },
        { span: right.span, text: STAND_INS[kind] },
      ];
    })
    .toSorted((one, other) => other.span.start - one.span.start)
    .reduce((changed, { span, text: value }) => changed.slice(0, span.start) + value + changed.slice(span.end), text);
}

/** Every comparison of an expression. */
function comparisonsIn(node: unknown): readonly Comparison[] {
  if (Array.isArray(node)) return node.flatMap(comparisonsIn);
  if (typeof node !== "object" || node === null) return [];
  return [...(isComparison(node) ? [node] : []), ...Object.values(node).flatMap(comparisonsIn)];
}

const isComparison = (node: object): node is Comparison => "kind" in node && node.kind === "comparison";
