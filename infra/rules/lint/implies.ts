import type { Compared, Condition, Reader } from "../check/typed.ts";
import { compareIp } from "../language/ip-address.ts";
import { rangeOf, within } from "./domain.ts";

/** A condition with the text that it was read from. */
export interface Written {
  readonly condition: Condition;
  readonly text: string;
}

/**
 * Whether one condition can only be true where the other is. True is proved; false means no more than that no proof was
 * found.
 */
export function implies(a: Written, b: Written): boolean {
  const written = (one: Written): string => one.text.slice(one.condition.node.span.start, one.condition.node.span.end);
  if (isTrue(b.condition) || written(a).replaceAll(/\s+/g, " ") === written(b).replaceAll(/\s+/g, " ")) return true;
  const left = a.condition;
  const right = b.condition;
  if (left.mapped || right.mapped) return false;
  if (left.kind === "logical" && left.operator === "or") {
    return left.items.every((condition) => implies({ ...a, condition }, b));
  }
  if (right.kind === "logical" && right.operator === "and") {
    return right.items.every((condition) => implies(a, { ...b, condition }));
  }
  if (
    right.kind === "logical" &&
    right.operator === "or" &&
    right.items.some((condition) => implies(a, { ...b, condition }))
  ) {
    return true;
  }
  if (
    left.kind === "logical" &&
    left.operator === "and" &&
    left.items.some((condition) => implies({ ...a, condition }, b))
  ) {
    return true;
  }
  return left.kind !== "logical" && right.kind !== "logical" && valueImplies(a, b);
}

function isTrue(condition: Condition): boolean {
  return (
    condition.kind === "truth" && condition.left.source.kind === "field" && condition.left.source.field.name === "true"
  );
}

function valueImplies(a: Written, b: Written): boolean {
  const [inner, outer] = [rangeOf(a.condition, a.text), rangeOf(b.condition, b.text)];
  if (inner && outer && !inner.name.includes("[") && within(inner, outer)) return true;
  if (inner && !inner.except && inner.values instanceof Set) {
    return [...inner.values].every((value) => holdsFor(b, inner.name, value));
  }
  return addressesWithin(a, b);
}

/** Whether a condition on the named value holds where that value is this text. */
function holdsFor({ condition, text }: Written, name: string, value: string): boolean {
  const nameOf = (reader: Reader): string => text.slice(reader.node.span.start, reader.node.span.end);
  if (condition.kind === "compare" && condition.test.kind === "contains") {
    return nameOf(condition.left) === name && value.includes(condition.test.value);
  }
  if (condition.kind !== "truth" || condition.left.source.kind !== "call") return false;
  const { spec, arguments: given } = condition.left.source;
  const [first, second] = given;
  if (
    first?.kind !== "reader" ||
    nameOf(first) !== name ||
    second?.kind !== "literal" ||
    typeof second.value !== "string"
  )
    return false;
  if (spec.name === "starts_with") return value.startsWith(second.value);
  return spec.name === "ends_with" && value.endsWith(second.value);
}

function addressesWithin(a: Written, b: Written): boolean {
  const [inner, outer] = [addressesOf(a.condition), addressesOf(b.condition)];
  if (!inner || !outer) return false;
  const name = ({ text }: Written, { left }: Compared): string => text.slice(left.node.span.start, left.node.span.end);
  return (
    name(a, inner.compared) === name(b, outer.compared) &&
    inner.ranges.every((one) =>
      outer.ranges.some(
        (other) => (compareIp(other.first, one.first) ?? 1) <= 0 && (compareIp(one.last, other.last) ?? 1) <= 0,
      ),
    )
  );
}

function addressesOf(condition: Condition) {
  if (condition.kind !== "compare") return undefined;
  const { test } = condition;
  if (test.kind === "addresses") return { compared: condition, ranges: test.ranges };
  if (test.kind !== "address" || test.operator !== "eq") return undefined;
  return { compared: condition, ranges: [{ first: test.value, last: test.value }] };
}
