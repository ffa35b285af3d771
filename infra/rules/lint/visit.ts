import type { Compared, Condition, Reader, TypedArgument } from "../check/typed.ts";
import type { Span } from "../diagnostic.ts";

/** A comparison with what is around it. */
export interface Visited {
  readonly compared: Compared;
  /** Whether an odd number of `not` is around it. */
  readonly negated: boolean;
  /** The innermost quantifier around it. */
  readonly quantifier: "any" | "all" | undefined;
}

/** Every condition of a tree, from the outside in, those in quantifiers and arguments included. */
export function* conditions(condition: Condition): Generator<Condition> {
  yield condition;
  if (condition.kind === "logical") for (const item of condition.items) yield* conditions(item);
  else if (condition.kind === "not") yield* conditions(condition.operand);
  else if (condition.kind === "quantifier") yield* argumentConditions(condition.over);
  else
    for (const reader of readersOf(condition))
      yield* argumentsOf(reader).flatMap((one) => [...argumentConditions(one)]);
}

function* argumentConditions(argument: TypedArgument): Generator<Condition> {
  if (argument.kind === "literal") return;
  if (argument.kind === "reader") for (const one of argumentsOf(argument)) yield* argumentConditions(one);
  else yield* conditions(argument);
}

/** Every comparison that counts for the result, with the negations and the quantifier around it. */
export function* comparisons(condition: Condition, negated = false, quantifier?: "any" | "all"): Generator<Visited> {
  switch (condition.kind) {
    case "logical":
      for (const item of condition.items) yield* comparisons(item, negated, quantifier);
      break;
    case "not":
      yield* comparisons(condition.operand, !negated, quantifier);
      break;
    case "quantifier":
      if (condition.over.kind !== "reader") yield* comparisons(condition.over, negated, condition.quantifier);
      break;
    case "compare":
      yield { compared: condition, negated, quantifier };
      break;
    case "truth":
      break;
  }
}

/** Every field and call that an expression reads, from the outside in. */
export function* readers(condition: Condition): Generator<Reader> {
  for (const one of conditions(condition)) {
    if (one.kind === "quantifier" && one.over.kind === "reader") yield* withArguments(one.over);
    if (one.kind === "truth" || one.kind === "compare")
      for (const reader of readersOf(one)) yield* withArguments(reader);
  }
}

function* withArguments(reader: Reader): Generator<Reader> {
  yield reader;
  for (const argument of argumentsOf(reader)) if (argument.kind === "reader") yield* withArguments(argument);
}

function readersOf(condition: Condition & { readonly kind: "truth" | "compare" }): readonly Reader[] {
  const right = condition.kind === "compare" && condition.test.kind === "dynamic" ? [condition.test.right] : [];
  return [condition.left, ...right];
}

function argumentsOf(reader: Reader): readonly TypedArgument[] {
  return reader.source.kind === "call" ? reader.source.arguments : [];
}

/** The name of the field that a reader reads, whatever its accesses; undefined for a call. */
export function fieldOf(reader: Reader): string | undefined {
  return reader.source.kind === "field" ? reader.source.field.name : undefined;
}

/** The name of a field read as it is, without accesses or calls. */
export function plainField(reader: Reader): string | undefined {
  return reader.accesses.length === 0 ? fieldOf(reader) : undefined;
}

/** The function that a reader calls, and the reader that is its first argument. */
export function callOf(
  reader: Reader,
):
  | { readonly name: string; readonly inner: Reader | undefined; readonly arguments: readonly TypedArgument[] }
  | undefined {
  if (reader.source.kind !== "call") return undefined;
  const [first] = reader.source.arguments;
  return {
    name: reader.source.spec.name,
    inner: first?.kind === "reader" ? first : undefined,
    arguments: reader.source.arguments,
  };
}

/** Looks through `lower`, `upper` and `url_decode` for the field that is compared. */
export function comparedField(reader: Reader): string | undefined {
  const call = callOf(reader);
  if (!call) return plainField(reader);
  return ["lower", "upper", "url_decode"].includes(call.name) && call.inner ? comparedField(call.inner) : undefined;
}

/** Whether the value may be absent from a request: a key or an element of a map or array. */
export function mayBeMissing(reader: Reader): boolean {
  if (reader.accesses.some((access) => access.kind !== "each")) return true;
  return callOf(reader)?.inner ? mayBeMissing(callOf(reader)?.inner as Reader) : false;
}

/** A text that a value is compared with. */
export interface TextLiteral {
  readonly value: string;
  readonly span: Span;
  readonly operator:
    | "eq"
    | "ne"
    | "lt"
    | "le"
    | "gt"
    | "ge"
    | "in"
    | "contains"
    | "matches"
    | "wildcard"
    | "strict wildcard";
}

/** Every text on the right side of a comparison; byte strings. */
export function textLiterals(compared: Compared): readonly TextLiteral[] {
  const { test, node } = compared;
  const { right } = node;
  if (!right) return [];
  const { span } = right;
  switch (test.kind) {
    case "order":
      return typeof test.value === "string" ? [{ value: test.value, span, operator: test.operator }] : [];
    case "contains":
      return [{ value: test.value, span, operator: "contains" }];
    case "matches":
      return [{ value: test.regex.pattern, span, operator: "matches" }];
    case "wildcard":
      return [{ value: test.pattern, span, operator: test.strict ? "strict wildcard" : "wildcard" }];
    case "texts":
      return right.kind === "items"
        ? right.items.flatMap((item) =>
            item.kind === "text" ? [{ value: item.value, span: item.span, operator: "in" as const }] : [],
          )
        : [];
    default:
      return [];
  }
}

/** A range of integers that a value is compared with; one number is a range of itself. */
export interface IntegerLiteral {
  readonly first: bigint;
  readonly last: bigint;
  readonly span: Span;
}

/** Every integer on the right side of a comparison. */
export function integerLiterals(compared: Compared): readonly IntegerLiteral[] {
  const { test, node } = compared;
  const span = node.right?.span;
  if (!span) return [];
  if (test.kind === "order" && typeof test.value !== "string") {
    return [{ first: BigInt(test.value), last: BigInt(test.value), span }];
  }
  if (test.kind === "integers")
    return test.ranges.map(({ first, last }) => ({ first: BigInt(first), last: BigInt(last), span }));
  return [];
}

/** The same text with other letters: `"Foo"` as `"foo"`, quotes and escapes kept. */
export function inLowerCase(text: string, span: Span): string {
  return text
    .slice(span.start, span.end)
    .replace(/\\x[0-9A-Fa-f]{2}|[A-Z]/g, (part) => (part.length > 1 ? part : part.toLowerCase()));
}
