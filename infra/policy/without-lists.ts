import { type List, type ListKind, parse } from "../rules/index.ts";
import type { PolicyList } from "./list.ts";

/** An item of each kind that a documentation has: no rule is deployed with it. */
const STAND_INS: Readonly<Record<ListKind, string>> = {
  ip: "{192.0.2.1}",
  hostname: '{"example.com"}',
  asn: "{64496}",
};

/**
 * An expression with sets of one item in the place of these lists, which Cloudflare does not have yet: so the rest of
 * it can be checked. A text that is no expression stays as it is.
 */
export function withoutLists(text: string, lists: readonly Pick<PolicyList, "name" | "kind">[]): string {
  const kinds = new Map(lists.map(({ name, kind }) => [name, kind]));
  const parsed = text.includes("$") ? parse(text) : undefined;
  if (!parsed?.ok) return text;
  return listsIn(parsed.tree)
    .toSorted((one, other) => other.span.start - one.span.start)
    .reduce((changed, { name, span }) => {
      const kind = kinds.get(name);
      return kind === undefined
        ? changed
        : `${changed.slice(0, span.start)}${STAND_INS[kind]}${changed.slice(span.end)}`;
    }, text);
}

/** Every `$name` of an expression. */
function listsIn(node: unknown): readonly List[] {
  if (Array.isArray(node)) return node.flatMap(listsIn);
  if (typeof node !== "object" || node === null) return [];
  return isListNode(node) ? [node] : Object.values(node).flatMap(listsIn);
}

const isListNode = (node: object): node is List => "kind" in node && node.kind === "list" && "name" in node;
