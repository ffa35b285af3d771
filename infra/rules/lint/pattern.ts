import type { Node } from "../regex/node.ts";
import { parsePattern } from "../regex/parser.ts";

/** Every node of a valid pattern, each before its children. */
export function* walkPattern(pattern: string): Generator<Node> {
  yield* walkNode(parsePattern(pattern).node);
}

function* walkNode(node: Node): Generator<Node> {
  yield node;
  if (node.kind === "capture" || node.kind === "repeat") yield* walkNode(node.node);
  if (node.kind === "concat" || node.kind === "alternate") for (const part of node.nodes) yield* walkNode(part);
}

/** The text that is all of a pattern, and whether it is anchored at its start and end; undefined for other patterns. */
export function literalPattern(
  pattern: string,
): { readonly text: string; readonly isAnchoredAtStart: boolean; readonly isAnchoredAtEnd: boolean } | undefined {
  const { node, captures } = parsePattern(pattern);
  if (captures > 0) return undefined;
  const parts = node.kind === "concat" ? [...node.nodes] : [node];
  const isAnchoredAtStart = isAssertion(parts[0], "start");
  if (isAnchoredAtStart) parts.shift();
  const isAnchoredAtEnd = isAssertion(parts.at(-1), "end");
  if (isAnchoredAtEnd) parts.pop();
  let text = "";
  for (const part of parts) {
    if (part.kind !== "bytes" || part.set.length !== 2 || part.set[0] !== part.set[1]) return undefined;
    text += String.fromCharCode(part.set[0] ?? 0);
  }
  return text === "" ? undefined : { text, isAnchoredAtStart, isAnchoredAtEnd };
}

function isAssertion(node: Node | undefined, assertion: "start" | "end"): boolean {
  return node?.kind === "assertion" && node.assertion === assertion;
}
