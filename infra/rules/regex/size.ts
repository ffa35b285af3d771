import { type Node, nullable } from "./node.ts";
import { type ClassSize, utf8ClassSize } from "./utf8.ts";

/**
 * Cloudflare's default limit for a compiled pattern, in bytes of Rust's `regex_automata` (wirefilter's
 * `RegexDefaultProvider`).
 */
export const defaultSizeLimit = 10 * 1024 * 1024;

const state = 32;
const union = (alternates: number): number => state + 4 * alternates;

/**
 * How many bytes Rust's `regex_automata` would take for the pattern's Thompson automaton; it refuses a pattern over its
 * limit. It makes two, one for each direction, of which the larger counts. Computed without building anything, so that
 * `a{1000}{1000}{1000}` costs nothing.
 */
export function compiledSize(node: Node): number {
  return Math.max(sizeOf(node, "forward"), sizeOf(node, "reverse"));
}

function sizeOf(node: Node, direction: keyof ClassSize): number {
  const size = utf8ClassSize(node);
  if (size) return size[direction];
  switch (node.kind) {
    case "empty":
    case "assertion":
      return state;
    case "bytes":
      // Each range of a class is a transition of eight bytes; one byte alone is a state of its own.
      return node.set.length === 2 && node.set[0] === node.set[1] ? state : 2 * state + 4 * node.set.length;
    case "capture":
      return 2 * state + sizeOf(node.node, direction);
    case "concat":
      return node.nodes.reduce((sum, part) => sum + sizeOf(part, direction), 0);
    case "alternate":
      return node.nodes.reduce((sum, branch) => sum + sizeOf(branch, direction), union(node.nodes.length) + state);
    case "repeat": {
      const body = sizeOf(node.node, direction);
      const { min, max } = node;
      if (max !== Number.POSITIVE_INFINITY)
        return Math.max(state, min * body) + (max - min) * (union(2) + body) + (max > min ? state : 0);
      if (min > 0) return min * body + union(2);
      return body + union(2) + (nullable(node.node) ? union(2) + state : 0);
    }
  }
}
