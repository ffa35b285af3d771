import { concat, empty, type Node } from "./node.ts";
import { utf8ClassSize } from "./utf8.ts";

/**
 * Takes away what makes no difference to whether a pattern matches somewhere: captures, and repetition at both ends.
 * `.*a+b*` matches where `a` does.
 */
export function trim(node: Node): Node {
  return side(side(withoutCaptures(node), "first"), "last");
}

function withoutCaptures(node: Node): Node {
  // A class has no captures, and keeps its size as the node that it is.
  if (utf8ClassSize(node)) return node;
  switch (node.kind) {
    case "capture":
      return withoutCaptures(node.node);
    case "repeat":
      return { ...node, node: withoutCaptures(node.node) };
    case "concat":
      return concat(node.nodes.map(withoutCaptures).flatMap((part) => (part.kind === "concat" ? part.nodes : [part])));
    case "alternate":
      return { ...node, nodes: node.nodes.map(withoutCaptures) };
    default:
      return node;
  }
}

function side(node: Node, end: "first" | "last"): Node {
  if (utf8ClassSize(node)) return node;
  switch (node.kind) {
    case "repeat":
      if (node.min === 0) return empty;
      if (node.min === 1) return side(node.node, end);
      return { ...node, max: node.min };
    case "alternate":
      return { ...node, nodes: node.nodes.map((branch) => side(branch, end)) };
    case "concat": {
      const rest = [...node.nodes];
      for (;;) {
        const part = end === "first" ? rest.shift() : rest.pop();
        if (!part) return empty;
        const trimmed = side(part, end);
        if (trimmed.kind !== "empty") return concat(end === "first" ? [trimmed, ...rest] : [...rest, trimmed]);
      }
    }
    default:
      return node;
  }
}
