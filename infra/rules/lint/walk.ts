import type { Argument, Expression, ValueExpression } from "../language/ast.ts";

/** Every node of an expression, which may have errors, parents before their children. */
export function* walk(node: Expression | Argument): Generator<Expression | Argument> {
  yield node;
  switch (node.kind) {
    case "logical":
      for (const item of node.items) yield* walk(item);
      break;
    case "not":
      yield* walk(node.operand);
      break;
    case "group":
      yield* walk(node.inner);
      break;
    case "quantifier":
      yield* walk(node.argument);
      break;
    case "comparison":
      yield* walk(node.left);
      if (node.right?.kind === "value") yield* walk(node.right);
      break;
    case "value":
      yield* argumentsOf(node);
      break;
  }
}

function* argumentsOf({ of }: ValueExpression): Generator<Expression | Argument> {
  if (of.kind === "call") for (const argument of of.arguments) yield* walk(argument);
}
