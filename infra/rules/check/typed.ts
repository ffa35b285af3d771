/** A checked expression: every name resolved, every literal read by its type. Evaluation starts here. */
import type { Comparison, Expression, OrderingOperator, Quantifier, ValueExpression } from "../language/ast.ts";
import type { IpAddress, IpRange } from "../language/ip-address.ts";
import type { Integer, IntegerRange } from "../language/read-literal.ts";
import type { Regex } from "../regex/index.ts";
import type { FunctionSpec } from "../schema/functions.ts";
import type { SchemaField } from "../schema/schema.ts";
import type { ScalarType, Type } from "../schema/type.ts";

/**
 * A Bool, or an Array<Bool> where it is mapped: with `[*]` in a value, everything around it has a result for each item,
 * until `any` or `all` makes one of them.
 */
export type Condition = Joined | Negated | Quantified | Truth | Compared;

export interface Joined {
  readonly kind: "logical";
  readonly operator: "and" | "or" | "xor";
  readonly items: readonly Condition[];
  readonly mapped: boolean;
  readonly node: Expression;
}

interface Negated {
  readonly kind: "not";
  readonly operand: Condition;
  readonly mapped: boolean;
  readonly node: Expression;
}

export interface Quantified {
  readonly kind: "quantifier";
  readonly quantifier: "any" | "all";
  readonly over: Condition | Reader;
  readonly mapped: false;
  readonly node: Quantifier;
}

/** A Boolean field or call without an operator; mapped where it is an array of Booleans. */
export interface Truth {
  readonly kind: "truth";
  readonly left: Reader;
  readonly mapped: boolean;
  readonly node: Comparison;
}

export interface Compared {
  readonly kind: "compare";
  readonly left: Reader;
  readonly test: Test;
  readonly mapped: boolean;
  readonly node: Comparison;
}

/** What the left side is compared with. */
export type Test =
  | { readonly kind: "order"; readonly operator: OrderingOperator; readonly value: string | Integer }
  | { readonly kind: "address"; readonly operator: OrderingOperator; readonly value: IpAddress }
  | { readonly kind: "dynamic"; readonly operator: OrderingOperator | "bitwise_and"; readonly right: Reader }
  | { readonly kind: "bits"; readonly value: Integer }
  | { readonly kind: "contains"; readonly value: string }
  | { readonly kind: "matches"; readonly regex: Regex }
  | { readonly kind: "wildcard"; readonly pattern: string; readonly strict: boolean }
  | { readonly kind: "texts"; readonly values: readonly string[] }
  | { readonly kind: "integers"; readonly ranges: readonly IntegerRange[] }
  | { readonly kind: "addresses"; readonly ranges: readonly IpRange[] }
  | { readonly kind: "list"; readonly name: string };

/** Where a value comes from. `type` is that of one element where `[*]` maps it. */
export interface Reader {
  readonly kind: "reader";
  readonly source: FieldOperand | CallSource;
  readonly accesses: ValueExpression["accesses"];
  readonly type: Type;
  readonly mapped: boolean;
  readonly node: ValueExpression;
}

export interface FieldOperand {
  readonly kind: "field";
  readonly field: SchemaField;
}

export interface CallSource {
  readonly kind: "call";
  readonly spec: FunctionSpec;
  readonly arguments: readonly TypedArgument[];
  /** Whether the function is applied to each element of its first argument. */
  readonly mapped: boolean;
}

export type TypedArgument = Reader | Condition | TypedLiteral;

export interface TypedLiteral {
  readonly kind: "literal";
  readonly type: ScalarType;
  readonly value: string | Integer | IpAddress;
}
