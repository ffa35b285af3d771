import type { Compiled } from "../evaluate/compile.ts";
import type { Reading } from "../evaluate/reading.ts";
import type { RequestFacts } from "../evaluate/request.ts";
import { requestFields } from "../evaluate/request-fields.ts";
import type { Expression } from "../language/ast.ts";

/** Which parts of an expression were ever true, and ever false. */
export class Coverage {
  readonly #compiled: Compiled;
  readonly #seen = new Map<Expression, Set<boolean>>();

  constructor(compiled: Compiled) {
    this.#compiled = compiled;
  }

  /** Reads the expression on one request. */
  add(request: RequestFacts): Reading {
    const reading = this.#compiled.read(requestFields(request));
    for (const { node, value } of reading.parts) {
      if (value === undefined) continue;
      const seen = this.#seen.get(node) ?? new Set();
      this.#seen.set(node, seen.add(value));
    }
    return reading;
  }

  /** The conditions that no request made true, or false, in the order of the text, from a place of the text on. */
  gaps(from = 0): readonly string[] {
    return leaves(this.#compiled.tree)
      .filter(({ span }) => span.start >= from)
      .flatMap((node) => {
        const seen = this.#seen.get(node) ?? new Set();
        const text = this.#compiled.text.slice(node.span.start, node.span.end);
        if (seen.size === 0) return [`never looked at: ${text}`];
        if (text === "true") return [];
        return seen.has(true) ? (seen.has(false) ? [] : [`never false: ${text}`]) : [`never true: ${text}`];
      });
  }
}

function leaves(node: Expression): readonly Expression[] {
  if (node.kind === "logical") return node.items.flatMap(leaves);
  if (node.kind === "not") return leaves(node.operand);
  return node.kind === "group" ? leaves(node.inner) : [node];
}
