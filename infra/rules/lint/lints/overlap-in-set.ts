import type { Compared } from "../../check/typed.ts";
import { compareIp, printIp } from "../../language/ip-address.ts";
import type { Lint } from "../lint.ts";
import { comparisons } from "../visit.ts";

export const overlapInSet: Lint = {
  name: "overlap-in-set",
  severity: "warning",
  about: "A range or network of a set lies within another of the same set.",
  *inExpression({ analysis: { condition } }) {
    if (!condition) return;
    for (const { compared } of comparisons(condition)) {
      const { right } = compared.node;
      if (right?.kind !== "items") continue;
      const found = insideAnother(compared);
      if (found !== undefined)
        yield { span: right.span, message: `${found[0]} is within ${found[1]}`, hint: "leave the smaller one out" };
    }
  },
};

function insideAnother({ test }: Compared): readonly [inner: string, outer: string] | undefined {
  if (test.kind === "integers") {
    const name = (one: (typeof test.ranges)[number]) =>
      one.first === one.last ? `${one.first}` : `${one.first}..${one.last}`;
    return pair(test.ranges, (a, b) => b.first <= a.first && a.last <= b.last, name);
  }
  if (test.kind === "addresses") {
    return pair(
      test.ranges,
      (a, b) => (compareIp(b.first, a.first) ?? 1) <= 0 && (compareIp(a.last, b.last) ?? 1) <= 0,
      (one) =>
        compareIp(one.first, one.last) === 0 ? printIp(one.first) : `${printIp(one.first)} to ${printIp(one.last)}`,
    );
  }
  return undefined;
}

/** The first that lies within another, which is not the same; large sets are looked at in part. */
function pair<T>(
  ranges: readonly T[],
  inside: (a: T, b: T) => boolean,
  name: (one: T) => string,
): readonly [string, string] | undefined {
  const some = ranges.slice(0, 1000);
  for (const a of some) for (const b of some) if (a !== b && inside(a, b) && !inside(b, a)) return [name(a), name(b)];
  return undefined;
}
