/**
 * The tree of an expression, one node per kind. It is independent of fields: what a token such as `80` or `61:62` means
 * depends on the type of the other side, and is decided by the checker.
 */
import type { Span } from "../diagnostic.ts";

/** A condition. */
export type Expression = Logical | Not | Group | Quantifier | Comparison | Broken;

export type LogicalOperator = "and" | "or" | "xor";

/** Two or more operands joined by one operator; equal operators are flattened, left to right. */
export interface Logical {
  readonly kind: "logical";
  readonly operator: LogicalOperator;
  readonly items: readonly Expression[];
  readonly span: Span;
}

export interface Not {
  readonly kind: "not";
  readonly operand: Expression;
  readonly span: Span;
}

/** Parentheses. They are kept, because the formatter keeps them. */
export interface Group {
  readonly kind: "group";
  readonly inner: Expression;
  readonly span: Span;
}

/** `any(...)` or `all(...)`. */
export interface Quantifier {
  readonly kind: "quantifier";
  readonly quantifier: "any" | "all";
  readonly argument: Argument;
  readonly span: Span;
}

export type OrderingOperator = "eq" | "ne" | "lt" | "le" | "gt" | "ge";
export type Operator =
  | OrderingOperator
  | "in"
  | "bitwise_and"
  | "contains"
  | "matches"
  | "wildcard"
  | "strict wildcard";

/** `left operator right`, or the left side alone where it is a Boolean. */
export interface Comparison {
  readonly kind: "comparison";
  readonly left: ValueExpression;
  readonly operator?: { readonly name: Operator; readonly span: Span };
  readonly right?: Right;
  readonly span: Span;
}

/** A part that could not be read; a diagnostic has the reason. */
export interface Broken {
  readonly kind: "broken";
  readonly span: Span;
}

export type Right = ValueExpression | Text | Token | Items | List | Broken;

/** A field or a call, followed by any number of `[...]`. */
export interface ValueExpression {
  readonly kind: "value";
  readonly of: Field | Call;
  readonly accesses: readonly ElementAccess[];
  readonly span: Span;
}

export interface Field {
  readonly kind: "field";
  readonly name: string;
  readonly span: Span;
}

export interface Call {
  readonly kind: "call";
  readonly name: string;
  readonly arguments: readonly Argument[];
  /** Of the name alone. */
  readonly nameSpan: Span;
  readonly span: Span;
}

/** An argument of a call or quantifier; a value without operator stays a value. */
export type Argument = Expression | ValueExpression | Text | Token;

/** `["key"]`, `[3]` or `[*]`. */
export type ElementAccess =
  | { readonly kind: "key" /** Byte string. */; readonly key: string; readonly span: Span }
  | { readonly kind: "position"; readonly position: number; readonly span: Span }
  | { readonly kind: "each"; readonly span: Span };

/** `"..."`, `r"..."` or, after `matches`, a quoted pattern, whose escapes are those of the regular expression. */
export interface Text {
  readonly kind: "text";
  readonly form: "quoted" | "raw" | "pattern";
  /** Byte string, escapes resolved. */
  readonly value: string;
  readonly span: Span;
}

/** An integer, address, range or bytes literal, not yet read. */
export interface Token {
  readonly kind: "token";
  readonly text: string;
  readonly span: Span;
}

/** `{...}`. One token may hold several items, where no space divides them. */
export interface Items {
  readonly kind: "items";
  readonly items: readonly (Text | Token)[];
  readonly span: Span;
}

/** `$name`. */
export interface List {
  readonly kind: "list";
  readonly name: string;
  readonly span: Span;
}
