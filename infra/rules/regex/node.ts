import { type RangeSet, rangeSet, rangesOf } from "./range-set.ts";

/**
 * A regular expression over bytes, after flags, case folding, classes and Unicode have been resolved.
 *
 * The names of the assertions are those of Rust's `regex_syntax::hir::Look`.
 */
export type Node =
  | { readonly kind: "empty" }
  /** One byte of the set; an empty set never matches. */
  | { readonly kind: "bytes"; readonly set: RangeSet }
  | { readonly kind: "assertion"; readonly assertion: Assertion }
  | { readonly kind: "capture"; readonly index: number; readonly node: Node }
  | { readonly kind: "concat"; readonly nodes: readonly Node[] }
  | { readonly kind: "alternate"; readonly nodes: readonly Node[] }
  | {
      readonly kind: "repeat";
      readonly node: Node;
      readonly min: number;
      /** `Infinity` for no upper bound. */
      readonly max: number;
      readonly greedy: boolean;
    };

export type Assertion =
  | "start"
  | "end"
  | "start-line"
  | "end-line"
  | "start-line-crlf"
  | "end-line-crlf"
  | "word-boundary"
  | "not-word-boundary"
  | "word-start"
  | "word-end"
  | "word-start-half"
  | "word-end-half"
  | "unicode-word-boundary"
  | "unicode-not-word-boundary"
  | "unicode-word-start"
  | "unicode-word-end"
  | "unicode-word-start-half"
  | "unicode-word-end-half";

/** Matches the empty string. */
export const empty: Node = { kind: "empty" };

/** One of several alternatives, in order of preference; single bytes become one set. */
export function alternate(nodes: readonly Node[]): Node {
  const sets = nodes.flatMap((node) => (node.kind === "bytes" ? [node.set] : []));
  if (nodes.length > 1 && sets.length === nodes.length) return { kind: "bytes", set: rangeSet(sets.flatMap(rangesOf)) };
  const [only] = nodes;
  return only && nodes.length === 1 ? only : { kind: "alternate", nodes };
}

/** One after the other. */
export function concat(nodes: readonly Node[]): Node {
  const parts = nodes.filter((node) => node.kind !== "empty");
  const [only] = parts;
  if (!only) return empty;
  return parts.length === 1 ? only : { kind: "concat", nodes: parts };
}

/** Whether a node can match without consuming a byte (assertions count as such). */
export function nullable(node: Node): boolean {
  switch (node.kind) {
    case "empty":
    case "assertion":
      return true;
    case "bytes":
      return false;
    case "capture":
      return nullable(node.node);
    case "concat":
      return node.nodes.every(nullable);
    case "alternate":
      return node.nodes.some(nullable);
    case "repeat":
      return node.min === 0 || nullable(node.node);
  }
}

/** Whether every match has to begin at the beginning of the input. */
export function anchoredAtStart(node: Node): boolean {
  switch (node.kind) {
    case "empty":
    case "bytes":
      return false;
    case "assertion":
      return node.assertion === "start";
    case "capture":
      return anchoredAtStart(node.node);
    case "repeat":
      return node.min > 0 && anchoredAtStart(node.node);
    case "alternate":
      return node.nodes.every(anchoredAtStart);
    case "concat": {
      const first = node.nodes.find((part) => part.kind !== "assertion" || part.assertion === "start");
      return first !== undefined && anchoredAtStart(first);
    }
  }
}
