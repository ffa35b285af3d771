import { type Node, nullable } from "./node.ts";
import { type ClassSize, utf8ClassSize } from "./utf8.ts";

/**
 * Cloudflare's default limit for a compiled pattern, in bytes of Rust's `regex_automata` (wirefilter's
 * `RegexDefaultProvider`).
 */
export const DEFAULT_SIZE_LIMIT_BYTES = 10 * 1024 * 1024;

/** Bytes of one state of the automaton, without its transitions. */
const STATE_BYTES = 32;
/** Bytes of a state with one branch for each alternative. */
const unionBytes = (alternates: number): number => STATE_BYTES + 4 * alternates;

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
      return STATE_BYTES;
    case "bytes":
      // Each range of a class is a transition of eight bytes; one byte alone is a state of its own.
      return node.set.length === 2 && node.set[0] === node.set[1] ? STATE_BYTES : 2 * STATE_BYTES + 4 * node.set.length;
    case "capture":
      return 2 * STATE_BYTES + sizeOf(node.node, direction);
    case "concat":
      return node.nodes.reduce((sum, part) => sum + sizeOf(part, direction), 0);
    case "alternate":
      return node.nodes.reduce(
        (sum, branch) => sum + sizeOf(branch, direction),
        unionBytes(node.nodes.length) + STATE_BYTES,
      );
    case "repeat": {
      const body = sizeOf(node.node, direction);
      const { min, max } = node;
      if (max !== Number.POSITIVE_INFINITY)
        return Math.max(STATE_BYTES, min * body) + (max - min) * (unionBytes(2) + body) + (max > min ? STATE_BYTES : 0);
      if (min > 0) return min * body + unionBytes(2);
      return body + unionBytes(2) + (nullable(node.node) ? unionBytes(2) + STATE_BYTES : 0);
    }
  }
}
