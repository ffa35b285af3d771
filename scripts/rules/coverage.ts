import { type Compiled, type Expression, type RequestFacts, requestFields } from "../../infra/rules/index.ts";
import { readFields } from "./eval.ts";

/** Which parts of an expression were ever true, and ever false. */
export class Coverage {
  readonly #compiled: Compiled;
  readonly #seen = new Map<Expression, Set<boolean>>();

  constructor(compiled: Compiled) {
    this.#compiled = compiled;
  }

  /** Reads the expression on one request, and answers whether it matches; undefined where a field was not given. */
  add(request: RequestFacts): ReturnType<Compiled["read"]> {
    const reading = readFields(() => this.#compiled.read(requestFields(request)));
    for (const { node, value } of reading.parts) {
      if (value === undefined) continue;
      const seen = this.#seen.get(node) ?? new Set();
      this.#seen.set(node, seen.add(value));
    }
    return reading;
  }

  /** The conditions that no request made true, or false, in the order of the text. */
  gaps(): readonly string[] {
    return leaves(this.#compiled.tree).flatMap((node) => {
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
