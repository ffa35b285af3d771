import type { Span } from "../diagnostic.ts";
import type { Comparison, Right, ValueExpression } from "../language/ast.ts";
import type { IpRange } from "../language/ip-address.ts";
import { operatorHint, skipSpace } from "../language/parse.ts";
import { arrayOf, isScalar, type ScalarType, sameType, type Type } from "../schema/type.ts";
import type { Checker } from "./checker.ts";
import { checkLiteral, checkSet } from "./literals.ts";
import { checkRegex, checkWildcard } from "./pattern.ts";
import type { Condition, Reader, Test } from "./typed.ts";
import { article } from "./words.ts";

const TEXT_ONLY: ReadonlySet<string> = new Set(["contains", "matches", "wildcard", "strict wildcard"]);

/** Checks a comparison: what its operator may compare, and with what. */
export function checkComparison(checker: Checker, node: Comparison): Condition | undefined {
  const left = checker.value(node.left);
  if (!left) {
    // Names on the right are worth knowing too.
    if (node.right?.kind === "value" && !(node.operator && isOperatorMisspelt(checker, node.operator.span, node.right)))
      checker.value(node.right);
    return undefined;
  }
  const end = left.node.span.end;
  const alone = left.type === "Bool" || (typeof left.type !== "string" && left.type.of === "Bool");
  if (alone) {
    if (left.type !== "Bool" && left.mapped) return unsupported(checker, arrayOf(arrayOf("Bool")), { start: end, end });
    // No operator, quantifier or function takes a map of Booleans as it is.
    if (typeof left.type !== "string" && left.type.kind === "Map")
      return unsupported(checker, left.type, left.node.span);
    if (node.operator) return booleanWithOperator(checker, node, node.operator.span, end);
    return { kind: "truth", left, mapped: left.mapped || left.type !== "Bool", node };
  }
  const at = skipSpace(checker.text, end);
  if (!node.operator || !node.right) return operatorMissing(checker, left, at);
  const { name, span } = node.operator;
  const fits =
    name === "bitwise_and" ? left.type === "Int" : TEXT_ONLY.has(name) ? left.type === "Bytes" : isScalar(left.type);
  if (!fits || !isScalar(left.type)) {
    if (node.right.kind === "value") checker.value(node.right);
    return unsupported(checker, left.type, span, `${name} cannot compare ${article(left.type)}`);
  }
  const test = checkTest(checker, node.operator, left.type, node.right);
  return test && { kind: "compare", left, test, mapped: left.mapped, node };
}

function booleanWithOperator(checker: Checker, node: Comparison, span: Span, end: number): undefined {
  const name = checker.text.slice(node.left.span.start, end);
  const negative = node.right && /^(false|0)$/.test(checker.text.slice(node.right.span.start, node.right.span.end));
  checker.report(
    "boolean-operator",
    span,
    `${name} is true or false by itself and takes no operator`,
    `write ${negative ? "not " : ""}${name}`,
  );
}

function operatorMissing(checker: Checker, left: Reader, at: number): undefined {
  // Before `&&` the engine sees its bitwise operator.
  if (checker.text.startsWith("&&", at)) {
    if (left.type !== "Int") return unsupported(checker, left.type, { start: at, end: at + 2 });
    checker.report("expected-integer", { start: at + 1, end: at + 2 }, "expected an integer after &");
    return;
  }
  const name = checker.text.slice(left.node.span.start, left.node.span.end);
  checker.report(
    "expected-operator",
    { start: at, end: at },
    `${name} is ${article(left.type)} and needs to be compared with something`,
    isScalar(left.type) ? "add an operator and a value, such as eq …" : "compare its elements: any(array[*] eq …)",
  );
}

function unsupported(
  checker: Checker,
  type: Type,
  span: Span,
  message = `this cannot be done with ${article(type)}`,
): undefined {
  const elements = typeof type !== "string" && isScalar(type.of);
  checker.report("operator-type", span, message, elements ? "compare its elements: any(array[*] eq …)" : undefined);
}

function checkTest(
  checker: Checker,
  written: NonNullable<Comparison["operator"]>,
  type: ScalarType,
  right: Right,
): Test | undefined {
  const operator = written.name;
  switch (operator) {
    case "in":
      if (right.kind === "list") {
        checker.lists.push({ used: right.name, span: right.span, type });
        return { kind: "list", name: right.name };
      }
      return right.kind === "items" ? checkSet(checker, type, right) : undefined;
    case "matches":
      return right.kind === "text" ? checkRegex(checker, right) : undefined;
    case "wildcard":
    case "strict wildcard":
      return right.kind === "text" ? checkWildcard(checker, right, operator === "strict wildcard") : undefined;
    case "contains": {
      const value = checkLiteral(checker, "Bytes", right, false);
      return value && { kind: "contains", value: String(value.value) };
    }
    case "bitwise_and": {
      if (right.kind === "value") return checkDynamic(checker, { name: operator, span: written.span }, type, right);
      const bits = checkLiteral(checker, "Int", right, true);
      return bits && { kind: "bits", value: bits.value as number | bigint };
    }
    default: {
      if (right.kind === "value") return checkDynamic(checker, { name: operator, span: written.span }, type, right);
      const literal = checkLiteral(checker, type, right, true);
      if (!literal) return undefined;
      if (type === "Ip") return { kind: "address", operator, value: literal.value as IpRange["first"] };
      return { kind: "order", operator, value: literal.value as string | number | bigint };
    }
  }
}

function checkDynamic(
  checker: Checker,
  { name: operator, span }: { readonly name: (Test & { kind: "dynamic" })["operator"]; readonly span: Span },
  type: Type,
  right: ValueExpression,
): Test | undefined {
  if (isOperatorMisspelt(checker, span, right)) return undefined;
  const reader = checker.value(
    right,
    `text is written in quotes: "${checker.text.slice(right.span.start, right.span.end)}"`,
  );
  if (!reader) return undefined;
  const actual = reader.mapped ? arrayOf(reader.type) : reader.type;
  if (sameType(actual, type)) return { kind: "dynamic", operator, right: reader };
  checker.report(
    "type-mismatch",
    right.span,
    `both sides must have one type: the left is ${article(type)}, the right ${article(actual)}`,
  );
  return undefined;
}

/**
 * Whether an operator and the unknown name after it are one word that is nearly an operator: operators have no word
 * boundary, so that `eqq` is read as eq and a field q. If so, reports it.
 */
function isOperatorMisspelt(checker: Checker, operator: Span, right: ValueExpression): boolean {
  if (operator.end !== right.span.start || right.of.kind !== "field") return false;
  if (checker.schema.fields.has(right.of.name)) return false;
  const span = { start: operator.start, end: right.of.span.end };
  const word = checker.text.slice(span.start, span.end);
  const hint = operatorHint(word);
  if (!hint) return false;
  checker.report("unknown-operator", span, `there is no operator ${word}`, hint);
  return true;
}
