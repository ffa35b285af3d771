import type { Condition } from "../check/typed.ts";

/** The values for which a comparison with literals holds: some texts, or integers, or all but those. */
export interface Domain {
  /** What is compared, as it is written. */
  readonly name: string;
  readonly values: ReadonlySet<string> | readonly (readonly [first: number, last: number])[];
  /** All values but these. */
  readonly except: boolean;
}

const all = Number.POSITIVE_INFINITY;

/** The domain of a condition that compares one value, not mapped, with literals; undefined for any other. */
export function rangeOf(condition: Condition, text: string): Domain | undefined {
  if (condition.kind === "not") {
    const inner = rangeOf(condition.operand, text);
    return inner && { ...inner, except: !inner.except };
  }
  if (condition.kind !== "compare" || condition.mapped) return undefined;
  const { test, left } = condition;
  const name = text.slice(left.node.span.start, left.node.span.end);
  if (test.kind === "texts") return { name, values: new Set(test.values), except: false };
  if (test.kind === "integers") {
    return {
      name,
      values: test.ranges.map(({ first, last }) => [Number(first), Number(last)] as const),
      except: false,
    };
  }
  if (test.kind !== "order") return undefined;
  const { operator, value } = test;
  if (typeof value === "string") {
    if (operator !== "eq" && operator !== "ne") return undefined;
    return { name, values: new Set([value]), except: operator === "ne" };
  }
  const number = Number(value);
  const ranges = {
    eq: [number, number],
    ne: [number, number],
    lt: [-all, number - 1],
    le: [-all, number],
    gt: [number + 1, all],
    ge: [number, all],
  } as const;
  return { name, values: [ranges[operator]], except: operator === "ne" };
}

/** Whether two conditions on the same value can never both hold. */
export function impossible(a: Condition, b: Condition, text: string): boolean {
  const [left, right] = [rangeOf(a, text), rangeOf(b, text)];
  return left !== undefined && right !== undefined && left.name === right.name && disjoint(left, right);
}

/** Whether of two conditions on the same value, which is never missing, one always holds. */
export function coversAll(a: Condition, b: Condition, text: string): boolean {
  const [left, right] = [rangeOf(a, text), rangeOf(b, text)];
  if (!left || !right || left.name !== right.name || left.name.includes("[")) return false;
  return disjoint({ ...left, except: !left.except }, { ...right, except: !right.except });
}

/** Whether every value of `inner` is one of `outer`. */
export function within(inner: Domain, outer: Domain): boolean {
  return inner.name === outer.name && disjoint(inner, { ...outer, except: !outer.except });
}

function disjoint(a: Domain, b: Domain): boolean {
  if (a.values instanceof Set && b.values instanceof Set) {
    if (a.except && b.except) return false;
    const [some, other] = a.except ? [b, a] : [a, b];
    return [...(some.values as ReadonlySet<string>)].every(
      (value) => (other.values as ReadonlySet<string>).has(value) === other.except,
    );
  }
  if (a.values instanceof Set || b.values instanceof Set) return false;
  const [left, right] = [ranges(a), ranges(b)];
  return left.every(([from, to]) => right.every(([first, last]) => to < first || last < from));
}

/** The integers of a domain as ranges. */
function ranges({ values, except }: Domain): readonly (readonly [number, number])[] {
  const own = values as readonly (readonly [number, number])[];
  if (!except) return own;
  const result: [number, number][] = [];
  let next = -all;
  for (const [first, last] of [...own].sort((a, b) => a[0] - b[0])) {
    if (first > next) result.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next < all) result.push([next, all]);
  return result;
}
