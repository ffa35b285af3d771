import type { Assertion, Node } from "./node.ts";
import { rangesOf } from "./range-set.ts";

const assertions: Readonly<Partial<Record<Assertion, string>>> = {
  start: "^",
  end: "$",
  "start-line": "(?<=^|\\n)",
  "end-line": "(?=$|\\n)",
  "word-boundary": "\\b",
  "not-word-boundary": "\\B",
  "word-start": "(?<!\\w)(?=\\w)",
  "word-end": "(?<=\\w)(?!\\w)",
  "word-start-half": "(?<!\\w)",
  "word-end-half": "(?!\\w)",
};

/**
 * A node as the source of a JavaScript RegExp without flags, over byte strings; undefined where it has an assertion
 * that JavaScript has no simple form of. Only whether it matches is kept, not which alternative does.
 */
export function javascriptSource(node: Node): string | undefined {
  switch (node.kind) {
    case "empty":
      return "";
    case "bytes":
      return bytesSource(node.set);
    case "assertion":
      return assertions[node.assertion];
    case "capture":
      return javascriptSource(node.node);
    case "concat":
      return joined(node.nodes, "");
    case "alternate": {
      const source = joined(node.nodes, "|");
      return source === undefined ? undefined : `(?:${source})`;
    }
    case "repeat": {
      const body = javascriptSource(node.node);
      if (body === undefined) return undefined;
      const atom = node.node.kind === "bytes" || node.node.kind === "alternate" ? body : `(?:${body})`;
      return `${atom}${quantifier(node.min, node.max)}`;
    }
  }
}

function joined(nodes: readonly Node[], separator: string): string | undefined {
  const sources = nodes.map(javascriptSource);
  return sources.some((source) => source === undefined) ? undefined : sources.join(separator);
}

function quantifier(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`;
  return min === 0 && max === 1 ? "?" : `{${min},${max}}`;
}

function bytesSource(set: readonly number[]): string {
  const [low, high] = set;
  if (set.length === 2 && low !== undefined && low === high) return byteSource(low);
  if (set.length === 0) return "[]";
  return `[${rangesOf(set)
    .map(([from, to]) => (from === to ? byteSource(from) : `${byteSource(from)}-${byteSource(to)}`))
    .join("")}]`;
}

function byteSource(byte: number): string {
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9_ ]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
}
