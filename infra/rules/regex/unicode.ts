import { type RangeSet, rangeSet, rangesOf } from "./range-set.ts";

/** The largest Unicode scalar value. */
export const maxScalar = 0x10ffff;

const sets = new Map<string, RangeSet>();

/**
 * The scalar values that a class of JavaScript's Unicode regular expressions matches. The Unicode version is that of the
 * JavaScript engine; Cloudflare's is not published.
 */
export function scalarsMatching(classBody: string): RangeSet {
  const known = sets.get(classBody);
  if (known) return known;
  const run = new RegExp(`[${classBody}]+`, "gu");
  const ranges: [number, number][] = [];
  for (let block = 0; block <= maxScalar; block += 0x1000) {
    if (block >= 0xd800 && block < 0xe000 && (block & 0xf000) === 0xd000) continue;
    const last = block === 0xd000 ? 0xd7ff : block + 0xfff;
    const width = block < 0x10000 ? 1 : 2;
    const text = String.fromCodePoint(...Array.from({ length: last - block + 1 }, (_, i) => block + i));
    for (const match of text.matchAll(run)) {
      const low = block + match.index / width;
      ranges.push([low, low + match[0].length / width - 1]);
    }
  }
  const set = rangeSet(ranges);
  sets.set(classBody, set);
  return set;
}

/** `\d`, `\s` and `\w` with the flag `u` (Unicode Technical Standard 18, annex C). */
export const unicodeClasses = {
  digit: (): RangeSet => scalarsMatching("\\p{Nd}"),
  space: (): RangeSet => scalarsMatching("\\p{White_Space}"),
  word: (): RangeSet => scalarsMatching("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}"),
};

let folds: ReadonlyMap<number, readonly number[]> | undefined;

/** Adds to a set whatever differs from a member by case only (Unicode's simple case folding). */
export function caseFold(set: RangeSet): RangeSet {
  folds ??= simpleFolds();
  const ranges = [...rangesOf(set)];
  const added: [number, number][] = [];
  for (const [scalar, others] of folds) {
    if (ranges.some(([low, high]) => low <= scalar && scalar <= high))
      for (const other of others) added.push([other, other]);
  }
  return rangeSet([...ranges, ...added]);
}

/** Every scalar value that has case, with the others of its simple case folding. */
function simpleFolds(): Map<number, number[]> {
  const groups = new Map<number, Set<number>>();
  const join = (a: number, b: number): void => {
    if (a === b || !new RegExp(`^\\u{${a.toString(16)}}$`, "iu").test(String.fromCodePoint(b))) return;
    const merged = new Set([a, b, ...(groups.get(a) ?? []), ...(groups.get(b) ?? [])]);
    for (const member of merged) groups.set(member, merged);
  };
  // Pairs that fold alike although neither is the other's upper or lower case.
  for (const [a, b] of [
    [0x1fd3, 0x390],
    [0x1fe3, 0x3b0],
    [0xfb05, 0xfb06],
  ] as const)
    join(a, b);
  for (const [low, high] of rangesOf(scalarsMatching("\\p{CWCM}\\p{CWCF}"))) {
    for (let scalar = low; scalar <= high; scalar += 1) {
      const text = String.fromCodePoint(scalar);
      for (const other of [text.toLowerCase(), text.toUpperCase()]) {
        const code = other.codePointAt(0);
        if (code !== undefined && other === String.fromCodePoint(code)) join(scalar, code);
      }
    }
  }
  return new Map([...groups].map(([scalar, group]) => [scalar, [...group].filter((other) => other !== scalar)]));
}
