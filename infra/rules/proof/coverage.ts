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

  /**
   * The conditions that no request made true, or false, each with what to add, in the order of the text, from a place
   * of the text on.
   */
  gaps(from = 0): readonly string[] {
    return leavesOf(this.#compiled.tree, false)
      .filter(({ node }) => node.span.start >= from)
      .flatMap(({ node, isNegated }) => {
        const seen = this.#seen.get(node) ?? new Set();
        const text = this.#compiled.text.slice(node.span.start, node.span.end);
        if (seen.size === 0) return [`never looked at: ${text}; add a request in which it decides`];
        if (text === "true" || seen.size === 2) return [];
        const missing = !seen.has(true);
        return [`never ${missing}: ${text}; add ${example(missing, isNegated)}`];
      });
  }
}

interface LeafCondition {
  readonly node: Expression;
  /** Whether it is under an odd number of `not`; undefined under `xor`, where that depends on the request. */
  readonly isNegated: boolean | undefined;
}

/** The example that makes a condition true, or false, and proves with it that the condition is needed. */
function example(wanted: boolean, isNegated: boolean | undefined): string {
  if (isNegated === undefined) return `a request in which it is ${wanted}`;
  const [place, other] = wanted === isNegated ? ["pass", "match"] : ["match", "pass"];
  return `to \`${place}\` a request that differs only in this from one in \`${other}\``;
}

function leavesOf(node: Expression, isNegated: boolean | undefined): readonly LeafCondition[] {
  if (node.kind === "logical") {
    const negated = node.operator === "xor" ? undefined : isNegated;
    return node.items.flatMap((item) => leavesOf(item, negated));
  }
  if (node.kind === "not") return leavesOf(node.operand, isNegated === undefined ? undefined : !isNegated);
  return node.kind === "group" ? leavesOf(node.inner, isNegated) : [{ node, isNegated }];
}
