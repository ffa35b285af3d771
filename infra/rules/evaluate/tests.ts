/** A comparison as a predicate on a value that is present, with everything precomputed. */
import type { Test } from "../check/typed.ts";
import type { OrderingOperator } from "../language/ast.ts";
import { compareIp, type IpAddress } from "../language/ip-address.ts";
import type { Integer, IntegerRange } from "../language/read-literal.ts";
import { ipSet } from "./ip-set.ts";
import { wildcardMatcher } from "./match-wildcard.ts";
import type { Value } from "./value.ts";

export type Predicate = (value: Value) => boolean;

/** The predicate of a test; dynamic and list tests are not predicates of one value. */
export function compileTest(test: Exclude<Test, { kind: "dynamic" | "list" }>): Predicate {
  switch (test.kind) {
    case "order":
      return order(test.operator, test.value);
    case "address": {
      const { operator, value } = test;
      return (ip) => holdsForIps(operator, ip as IpAddress, value);
    }
    case "bits":
      return (value) => shareBits(value as Integer, test.value);
    case "contains": {
      const part = test.value;
      return (value) => (value as string).includes(part);
    }
    case "matches": {
      const { regex } = test;
      return (value) => regex.test(value as string);
    }
    case "wildcard":
      return wildcardMatcher(test.pattern, test.strict) as Predicate;
    case "texts":
      return oneOf(test.values);
    case "integers":
      return integerSet(test.ranges);
    case "addresses":
      return ipSet(test.ranges) as Predicate;
  }
}

// Byte strings order as their bytes, and JavaScript orders a number and a bigint exactly. An integer has one
// representation (toInteger), so that === decides equality.
function order(operator: OrderingOperator, literal: string | Integer): Predicate {
  switch (operator) {
    case "eq":
      return (value) => value === literal;
    case "ne":
      return (value) => value !== literal;
    case "lt":
      return (value) => (value as string) < (literal as string);
    case "le":
      return (value) => (value as string) <= (literal as string);
    case "gt":
      return (value) => (value as string) > (literal as string);
    case "ge":
      return (value) => (value as string) >= (literal as string);
  }
}

/** Whether `left operator right` holds; of two versions only `ne` does. */
export function holdsForIps(operator: OrderingOperator, left: IpAddress, right: IpAddress): boolean {
  const difference = compareIp(left, right);
  return difference === undefined ? operator === "ne" : holds(operator, difference);
}

/** Whether an operator accepts an order, given as a number below, at or above zero. */
function holds(operator: OrderingOperator, difference: number): boolean {
  switch (operator) {
    case "eq":
      return difference === 0;
    case "ne":
      return difference !== 0;
    case "lt":
      return difference < 0;
    case "le":
      return difference <= 0;
    case "gt":
      return difference > 0;
    case "ge":
      return difference >= 0;
  }
}

/** Whether two integers of 64 bits share a set bit. */
export function shareBits(left: Integer, right: Integer): boolean {
  const small = typeof left === "number" && typeof right === "number" && left >= 0 && right >= 0;
  if (small && left <= 0x7fffffff && right <= 0x7fffffff) return (left & right) !== 0;
  return (BigInt(left) & BigInt(right)) !== 0n;
}

function oneOf(values: readonly string[]): Predicate {
  if (values.length > 4) {
    const set = new Set<Value>(values);
    return (value) => set.has(value);
  }
  const [first, second, third, fourth] = values;
  if (values.length === 0) return () => false;
  if (values.length === 1) return (value) => value === first;
  if (values.length === 2) return (value) => value === first || value === second;
  return (value) => value === first || value === second || value === third || value === (fourth ?? first);
}

/** Single numbers in a set, ranges sorted and joined for a binary search. */
function integerSet(ranges: readonly IntegerRange[]): Predicate {
  const singles = new Set<Value>(ranges.filter(({ first, last }) => first === last).map(({ first }) => first));
  const wide = ranges
    .filter(({ first, last }) => first !== last)
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const joined: { first: Integer; last: Integer }[] = [];
  for (const range of wide) {
    const before = joined.at(-1);
    if (before && range.first <= before.last) {
      if (range.last > before.last) before.last = range.last;
    } else joined.push({ ...range });
  }
  if (joined.length === 0) return (value) => singles.has(value);
  return (value) => singles.has(value) || inRanges(joined, value as Integer);
}

function inRanges(ranges: readonly IntegerRange[], value: Integer): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.first ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range !== undefined && value <= range.last;
}
