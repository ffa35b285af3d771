/**
 * A set of integers as ascending, non-touching inclusive ranges: `[low, high, low, high, ...]`. Used for bytes (0-255)
 * and for Unicode scalar values.
 */
export type RangeSet = readonly number[];

/** Puts ranges in any order, overlapping or touching, into canonical form. */
export function rangeSet(ranges: readonly (readonly [low: number, high: number])[]): RangeSet {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const set: number[] = [];
  for (const [low, high] of sorted) {
    const last = set.at(-1);
    if (last !== undefined && low <= last + 1) set[set.length - 1] = Math.max(last, high);
    else set.push(low, high);
  }
  return set;
}

/** The ranges of a set as pairs. */
export function rangesOf(set: RangeSet): readonly (readonly [low: number, high: number])[] {
  const pairs: [number, number][] = [];
  for (let i = 0; i + 1 < set.length; i += 2) pairs.push([set[i] as number, set[i + 1] as number]);
  return pairs;
}

/** What is in `a`, in `b` or in both. */
export function union(a: RangeSet, b: RangeSet): RangeSet {
  return rangeSet([...rangesOf(a), ...rangesOf(b)]);
}

/** What of 0 to `max` is not in the set. */
export function complement(set: RangeSet, max: number): RangeSet {
  const result: number[] = [];
  let next = 0;
  for (const [low, high] of rangesOf(set)) {
    if (low > next) result.push(next, low - 1);
    next = high + 1;
  }
  if (next <= max) result.push(next, max);
  return result;
}

/** What is in both sets. */
export function intersection(a: RangeSet, b: RangeSet): RangeSet {
  const result: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const [aLow, aHigh, bLow, bHigh] = [a[i], a[i + 1], b[j], b[j + 1]] as [number, number, number, number];
    const low = Math.max(aLow, bLow);
    const high = Math.min(aHigh, bHigh);
    if (low <= high) result.push(low, high);
    if (aHigh < bHigh) i += 2;
    else j += 2;
  }
  return result;
}

/** What is in `a` and not in `b`; `max` is the largest possible member. */
export function difference(a: RangeSet, b: RangeSet, max: number): RangeSet {
  return intersection(a, complement(b, max));
}

/** Whether a number is in the set. */
export function has(set: RangeSet, value: number): boolean {
  // Before `low` no range begins after the value, from `high` on every range does.
  let low = 0;
  let high = set.length / 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((set[2 * middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low > 0 && value <= (set[2 * low - 1] as number);
}
