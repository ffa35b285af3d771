/**
 * Conditions as closures, the fast reading. A missing value makes every comparison false, `ne` included
 * (https://developers.cloudflare.com/ruleset-engine/rules-language/values/#notes).
 */
import type { Compared, Condition, Joined, Quantified, Reader, Test } from "../check/typed.ts";
import type { IpAddress } from "../language/ip-address.ts";
import type { Integer } from "../language/read-literal.ts";
import { affixOf, groupLiterals } from "./literals.ts";
import { lowerAscii, wildcardMatcher } from "./match-wildcard.ts";
import { type Context, compileReader, type FieldReader } from "./readers.ts";
import { compileTest, holdsForIps, type Predicate, shareBits } from "./tests.ts";
import { FieldNotGiven, type Fields, type Value } from "./value.ts";

/** True or false for one request. */
export type Matches = (fields: Fields) => boolean;
/** One Boolean for each element. */
export type MatchesEach = (fields: Fields) => readonly boolean[];

/** A condition that is not mapped. */
export function compileCondition(condition: Condition, context: Context): Matches {
  switch (condition.kind) {
    case "not": {
      const operand = compileCondition(condition.operand, context);
      return (fields) => !operand(fields);
    }
    case "logical":
      return joined(condition.operator, compileItems(condition, context));
    case "quantifier":
      return quantified(condition, context);
    case "truth": {
      const affix = affixTest(condition.left, context);
      if (affix) return affix;
      const { source, accesses } = condition.left;
      if (source.kind === "field" && accesses.length === 0) {
        const { slot } = source.field;
        return (fields) => (fields.values[slot] ?? fields.read(slot)) === true;
      }
      const read = compileReader(condition.left, context);
      return (fields) => read(fields) === true;
    }
    case "compare":
      return compared(condition, context);
  }
}

/** The items of a logical condition; in an `or`, literals that are searched in one value are searched at once. */
function compileItems({ operator, items }: Joined, context: Context): readonly Matches[] {
  if (operator !== "or") return items.map((item) => compileCondition(item, context));
  return groupLiterals(items).map((group) => {
    if ("pattern" in group) {
      const read = compileReader(group.reader, context);
      const { pattern } = group;
      return (fields) => {
        const value = read(fields) as string | undefined;
        return value !== undefined && pattern.test(value);
      };
    }
    return compileCondition(group, context);
  });
}

/** `starts_with` and `ends_with` of a value and a literal, in one closure. */
function affixTest(reader: Reader, context: Context): Matches | undefined {
  const affix = affixOf(reader);
  if (!affix) return undefined;
  const read = compileReader(affix.of, context);
  const { text } = affix;
  if (affix.atStart) return (fields) => (read(fields) as string | undefined)?.startsWith(text) ?? false;
  return (fields) => (read(fields) as string | undefined)?.endsWith(text) ?? false;
}

/** A condition over an array. */
export function compileMapped(condition: Condition, context: Context): MatchesEach {
  // The checker never maps a quantifier.
  if (condition.kind === "quantifier") return () => [];
  switch (condition.kind) {
    case "not": {
      const operand = compileMapped(condition.operand, context);
      return (fields) => operand(fields).map((value) => !value);
    }
    case "logical": {
      const [first, ...rest] = condition.items.map((item) => compileMapped(item, context));
      const combine = COMBINE[condition.operator];
      return (fields) => rest.reduce((left, item) => zip(left, item(fields), combine), first?.(fields) ?? []);
    }
    case "truth": {
      const read = compileReader(condition.left, context);
      return (fields) => (read(fields) ?? []) as readonly boolean[];
    }
    case "compare": {
      const read = compileReader(condition.left, context);
      const predicate = predicateFor(condition, context);
      return (fields) => {
        const values = read(fields) as readonly Value[] | undefined;
        if (values === undefined || values.length === 0) return [];
        const test = predicate(fields);
        return values.map((value) => test(value));
      };
    }
  }
}

const COMBINE = {
  and: (left: boolean, right: boolean) => left && right,
  or: (left: boolean, right: boolean) => left || right,
  xor: (left: boolean, right: boolean) => left !== right,
} as const;

/** Two arrays element by element, as long as the shorter. */
function zip<T>(left: readonly T[], right: readonly T[], combine: (left: T, right: T) => T): readonly T[] {
  const length = Math.min(left.length, right.length);
  return Array.from({ length }, (_, at) => combine(left[at] as T, right[at] as T));
}

function joined(operator: "and" | "or" | "xor", items: readonly Matches[]): Matches {
  const [first, second, third, fourth] = items;
  if (!first || !second) return first ?? (() => false);
  if (operator === "xor") {
    return (fields) => {
      let odd = false;
      for (const item of items) if (item(fields)) odd = !odd;
      return odd;
    };
  }
  // One closure tests four conditions and hands on to the next: cheaper than a loop over them.
  const rest = items.slice(4);
  if (operator === "and") {
    if (!third) return (fields) => first(fields) && second(fields);
    if (!fourth) return (fields) => first(fields) && second(fields) && third(fields);
    if (rest.length === 0) return (fields) => first(fields) && second(fields) && third(fields) && fourth(fields);
    const others = joined("and", rest);
    return (fields) => first(fields) && second(fields) && third(fields) && fourth(fields) && others(fields);
  }
  if (!third) return (fields) => first(fields) || second(fields);
  if (!fourth) return (fields) => first(fields) || second(fields) || third(fields);
  if (rest.length === 0) return (fields) => first(fields) || second(fields) || third(fields) || fourth(fields);
  const others = joined("or", rest);
  return (fields) => first(fields) || second(fields) || third(fields) || fourth(fields) || others(fields);
}

/** `any` of none is false, `all` of none is true; an array that is missing makes both false. */
function quantified(condition: Quantified, context: Context): Matches {
  const { over, quantifier } = condition;
  const stopAt = quantifier === "any";
  if (over.kind === "compare") return quantifiedComparison(over, stopAt, context);
  if (over.kind === "reader") {
    const read = compileReader(over, context);
    return (fields) => {
      const values = read(fields) as readonly Value[] | undefined;
      return values !== undefined && values.includes(stopAt) === stopAt;
    };
  }
  const each = compileMapped(over, context);
  return (fields) => each(fields).includes(stopAt) === stopAt;
}

function quantifiedComparison(over: Compared, stopAt: boolean, context: Context): Matches {
  const read = compileReader(over.left, context);
  const predicate = predicateFor(over, context);
  return (fields) => {
    const values = read(fields) as readonly Value[] | undefined;
    if (values === undefined || values.length === 0) return !stopAt;
    const test = predicate(fields);
    for (const value of values) if (test(value) === stopAt) return stopAt;
    return !stopAt;
  };
}

/** The predicate for this request; it reads the right side once, where that is a value. */
function predicateFor({ test }: Compared, context: Context): (fields: Fields) => Predicate {
  if (test.kind === "dynamic") {
    const right = compileReader(test.right, context);
    const holds = dynamicTest(test, test.right);
    return (fields) => {
      const value = right(fields);
      return value === undefined ? () => false : (left) => holds(left, value);
    };
  }
  if (test.kind === "list") {
    const has = listTest(test.name, context);
    return () => has;
  }
  const predicate = compileTest(test);
  return () => predicate;
}

function compared(condition: Compared, context: Context): Matches {
  const { left, test } = condition;
  const missing = context.nilNotEqual && "operator" in test && test.operator === "ne";
  if (test.kind === "dynamic") {
    const read = compileReader(left, context);
    const right = compileReader(test.right, context);
    const holds = dynamicTest(test, test.right);
    return (fields) => {
      const rightValue = right(fields);
      const leftValue = read(fields);
      if (rightValue === undefined) return false;
      return leftValue === undefined ? missing : holds(leftValue, rightValue);
    };
  }
  const predicate = test.kind === "list" ? listTest(test.name, context) : compileTest(test);
  const plain = plainField(left, test, predicate, missing);
  if (plain) return plain;
  const read: FieldReader = compileReader(left, context);
  return (fields) => {
    const value = read(fields);
    return value === undefined ? missing : predicate(value);
  };
}

/** The commonest shapes in one closure each: a field without accesses, compared with a literal. */
function plainField(left: Reader, test: Test, predicate: Predicate, missing: boolean): Matches | undefined {
  if (left.source.kind !== "field" || left.accesses.length > 0) return undefined;
  const { slot } = left.source.field;
  if (test.kind === "order" && test.operator === "eq") {
    const { value: wanted } = test;
    return (fields) => (fields.values[slot] ?? fields.read(slot)) === wanted;
  }
  if (test.kind === "texts" && (test.values.length === 2 || test.values.length === 3)) {
    const [one, other, third = other] = test.values;
    return (fields) => {
      const value = fields.values[slot] ?? fields.read(slot);
      return value === one || value === other || value === third;
    };
  }
  if (test.kind === "contains") {
    const part = test.value;
    return (fields) => {
      const value = (fields.values[slot] ?? fields.read(slot)) as string | undefined;
      return value?.includes(part) ?? false;
    };
  }
  if (test.kind === "wildcard" && !test.strict) {
    const matches = wildcardMatcher(lowerAscii(test.pattern), true);
    return (fields) => {
      const value = fields.lowered[slot] ?? fields.lower(slot);
      return value !== undefined && matches(value);
    };
  }
  return (fields) => {
    const value = fields.values[slot] ?? fields.read(slot);
    return value === undefined ? missing : predicate(value);
  };
}

/** Compares two values of one type. */
function dynamicTest(test: Test & { kind: "dynamic" }, right: Reader): (left: Value, right: Value) => boolean {
  const { operator } = test;
  if (operator === "bitwise_and") return (a, b) => shareBits(a as Integer, b as Integer);
  if (right.type === "Ip") return (a, b) => holdsForIps(operator, a as IpAddress, b as IpAddress);
  const compare = { eq: 0, ne: 1, lt: 2, le: 3, gt: 4, ge: 5 }[operator];
  return (a, b) => {
    const l = a as string;
    const r = b as string;
    if (compare === 0) return l === r;
    if (compare === 1) return l !== r;
    if (compare === 2) return l < r;
    if (compare === 3) return l <= r;
    return compare === 4 ? l > r : l >= r;
  };
}

/** Membership of a named list; a list that was not given is an error that names it. */
function listTest(name: string, context: Pick<Context, "lists">): Predicate {
  const has = context.lists?.get(name);
  if (has) return has;
  return () => {
    throw new FieldNotGiven(`$${name}`);
  };
}
