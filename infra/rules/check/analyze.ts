/** Checks the tree of an expression against a schema; returns the checked expression, or diagnostics. */
import type { Diagnostic, Span } from "../diagnostic.ts";
import type { Argument, Expression, ValueExpression } from "../language/ast.ts";
import type { LanguageSchema, SchemaField } from "../schema/schema.ts";
import { isArrayOfBool, type Type } from "../schema/type.ts";
import { type CallUse, Checker, type ListUse, type Use } from "./checker.ts";
import { checkComparison } from "./comparison.ts";
import { literalArgument } from "./literals.ts";
import type { Condition, Reader } from "./typed.ts";
import { checkValue } from "./value.ts";
import { article } from "./words.ts";

export interface Analysis {
  /** Left out when there is any error. */
  readonly condition?: Condition;
  readonly diagnostics: readonly Diagnostic[];
  readonly fields: readonly Use<SchemaField>[];
  /** Calls, the outer before the inner. */
  readonly functions: readonly CallUse[];
  /** Places of regular expressions. */
  readonly regexes: readonly Span[];
  readonly lists: readonly ListUse[];
}

/** Checks a tree that was parsed from `text`. */
export function analyze(tree: Expression, text: string, schema: LanguageSchema): Analysis {
  const checker = new ExpressionChecker(text, schema);
  const condition = checker.condition(tree);
  if (condition?.mapped) {
    checker.report(
      "type-mismatch",
      tree.span,
      "the whole expression must be true or false, but this is an array",
      "put it into any(...) or all(...)",
    );
  }
  const { diagnostics, fields, functions, regexes, lists } = checker;
  const failed = diagnostics.length > 0 || !condition;
  return { ...(!failed && { condition }), diagnostics, fields, functions, regexes, lists };
}

/**
 * Checks a tree that is a value and nothing else: a field or a call with its accesses, as a rate limit's
 * characteristic is.
 */
export function analyzeValue(
  tree: Expression,
  text: string,
  schema: LanguageSchema,
): Omit<Analysis, "condition"> & { readonly reader?: Reader } {
  const checker = new ExpressionChecker(text, schema);
  const value = tree.kind === "comparison" && !tree.operator ? tree.left : undefined;
  const reader = value && checker.value(value);
  if (!value && tree.kind !== "broken") {
    checker.report("expected-value", tree.span, "expected a field or a function call, got a condition");
  }
  const { diagnostics, fields, functions, regexes, lists } = checker;
  return { ...(reader && diagnostics.length === 0 && { reader }), diagnostics, fields, functions, regexes, lists };
}

/** Checks conditions, and what joins, negates and quantifies them. */
class ExpressionChecker extends Checker {
  override condition(node: Expression): Condition | undefined {
    switch (node.kind) {
      case "broken":
        return undefined;
      case "group":
        return this.condition(node.inner);
      case "not": {
        const operand = this.condition(node.operand);
        return operand && { kind: "not", operand, mapped: operand.mapped, node };
      }
      case "quantifier": {
        const over = this.#quantified(node.argument);
        return over && { kind: "quantifier", quantifier: node.quantifier, over, mapped: false, node };
      }
      case "logical":
        return this.#logical(node);
      case "comparison":
        return checkComparison(this, node);
    }
  }

  override value(value: ValueExpression, hint?: string): Reader | undefined {
    return checkValue(this, value, hint);
  }

  #logical(node: Expression & { kind: "logical" }): Condition | undefined {
    const items: Condition[] = [];
    for (const [index, item] of node.items.entries()) {
      const condition = this.condition(item);
      if (!condition) continue;
      const first = items[0];
      if (first && first.mapped !== condition.mapped && index > 0) {
        this.report(
          "type-mismatch",
          item.span,
          `${node.operator} joins two conditions of one kind, but one side is an array`,
          "put the array into any(...) or all(...)",
        );
      }
      items.push(condition);
    }
    const [first] = items;
    if (!first || items.length < node.items.length) return undefined;
    return { kind: "logical", operator: node.operator, items, mapped: first.mapped, node };
  }

  /** Checks the argument of `any` or `all`, which has to be an array of Booleans. */
  #quantified(argument: Argument): Condition | Reader | undefined {
    if (argument.kind === "value") {
      const reader = this.value(argument);
      if (!reader) return undefined;
      if (isArrayOfBool(reader.type) && !reader.mapped) return reader;
      return this.#notAnArrayOfBool(argument.span, reader.type);
    }
    if (argument.kind === "text") return this.#notAnArrayOfBool(argument.span, "Bytes");
    if (argument.kind === "token") {
      const literal = literalArgument(this, argument);
      return literal && this.#notAnArrayOfBool(argument.span, literal.type);
    }
    const condition = this.condition(argument);
    if (!condition || condition.mapped) return condition;
    return this.#notAnArrayOfBool(argument.span, "Bool");
  }

  #notAnArrayOfBool(span: Span, actual: Type): undefined {
    const hint =
      actual === "Bool"
        ? "compare each element: any(array[*] eq …)"
        : "any and all take conditions, such as array[*] eq …";
    this.report("type-mismatch", span, `any and all need an array of Booleans, but this is ${article(actual)}`, hint);
  }
}
