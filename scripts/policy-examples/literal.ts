import type ts from "typescript";
import { printableLiteral } from "../../infra/rules/index.ts";

/**
 * A value as JSON, which is an expression of TypeScript too: a text is one string literal, whatever is in it.
 * `__proto__` is the name of no member there, and refused with a TypeError.
 */
export function literalOf(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    if (Array.isArray(value)) return `[${value.map(literalOf).join(", ")}]`;
    const members = Object.entries(value).map(([name, one]) => {
      if (name === "__proto__") throw new TypeError("no member can have the name __proto__");
      return `${literalOf(name)}: ${literalOf(one)}`;
    });
    return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
  }
  return printableLiteral(JSON.stringify(value));
}

/** The value of a literal in a syntax tree; undefined where it is none, such as a call or a template with a hole. */
export function valueOfLiteral(typescript: typeof ts, node: ts.Expression): unknown {
  if (typescript.isStringLiteralLike(node)) return node.text;
  if (typescript.isNumericLiteral(node)) return Number(node.text);
  if (typescript.isPrefixUnaryExpression(node) && typescript.isNumericLiteral(node.operand)) {
    return node.operator === typescript.SyntaxKind.MinusToken ? -Number(node.operand.text) : undefined;
  }
  if (node.kind === typescript.SyntaxKind.TrueKeyword) return true;
  if (node.kind === typescript.SyntaxKind.FalseKeyword) return false;
  if (typescript.isArrayLiteralExpression(node)) return node.elements.map((one) => valueOfLiteral(typescript, one));
  if (!typescript.isObjectLiteralExpression(node)) return undefined;
  const members = node.properties.map((member): readonly [string, unknown] => {
    const isPlain = typescript.isPropertyAssignment(member) && !typescript.isComputedPropertyName(member.name);
    return isPlain ? [nameOf(member.name), valueOfLiteral(typescript, member.initializer)] : ["", undefined];
  });
  return Object.fromEntries(members);
}

/** The name of a property that is not computed. */
function nameOf(name: ts.PropertyName): string {
  return "text" in name ? name.text : "";
}
