import { complement, has, type RangeSet, rangeSet, rangesOf } from "./range-set.ts";

/** The largest Unicode scalar value. */
export const maxScalar = 0x10ffff;

/** Scalar values in ascending order as text: `text` holds those from `first` on, `units` UTF-16 code units each. */
interface Block {
  readonly first: number;
  readonly units: 1 | 2;
  readonly text: string;
}

let blocks: readonly Block[] | undefined;
const sets = new Map<string, RangeSet>();

/**
 * The scalar values that a class of JavaScript's Unicode regular expressions matches. The Unicode version is that of
 * the JavaScript engine; Cloudflare's is not published.
 */
export function scalarsMatching(classBody: string): RangeSet {
  const known = sets.get(classBody);
  if (known) return known;
  const run = new RegExp(`[${classBody}]+`, "gu");
  const ranges: [number, number][] = [];
  blocks ??= [...assignedBlocks()];
  for (const { first, units, text } of blocks) {
    for (const match of text.matchAll(run)) {
      const low = first + match.index / units;
      ranges.push([low, low + match[0].length / units - 1]);
    }
  }
  const one = new RegExp(`^[${classBody}]$`, "u");
  for (const [low, high] of UNIFORM_RANGES) if (one.test(String.fromCodePoint(low))) ranges.push([low, high]);
  const set = rangeSet(ranges);
  sets.set(classBody, set);
  return set;
}

/**
 * Ranges whose scalar values all have the properties of the first one: unassigned and private planes. The two
 * noncharacters at the end of a plane are a range of their own.
 */
const UNIFORM_RANGES: readonly (readonly [low: number, high: number])[] = [
  [0xe1000, 0xefffd] as const,
  [0xefffe, 0xeffff] as const,
  ...[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16].flatMap((plane) => [
    [plane << 16, (plane << 16) + 0xfffd] as const,
    [(plane << 16) + 0xfffe, (plane << 16) + 0xffff] as const,
  ]),
];

/** The scalar values that are not in `UNIFORM_RANGES`. */
function* assignedBlocks(): Generator<Block> {
  const size = 0x1000;
  for (let first = 0; first < 0x40000; first += size) {
    // From D800 to DFFF there are surrogates, which are no scalar values.
    yield blockOf(first, first === 0xd000 ? 0x800 : size);
  }
  yield blockOf(0xe0000, size);
}

function blockOf(first: number, count: number): Block {
  const units = first < 0x10000 ? 1 : 2;
  const text = new Uint16Array(count * units);
  for (let i = 0; i < count; i += 1) {
    const scalar = first + i;
    if (units === 1) text[i] = scalar;
    else {
      text[2 * i] = 0xd800 + ((scalar - 0x10000) >> 10);
      text[2 * i + 1] = 0xdc00 + (scalar & 0x3ff);
    }
  }
  return { first, units, text: String.fromCharCode(...text) };
}

/** `\d`, `\s` and `\w` with the flag `u` (Unicode Technical Standard 18, annex C). */
export const unicodeClasses = {
  digit: (): RangeSet => scalarsMatching("\\p{Nd}"),
  space: (): RangeSet => scalarsMatching("\\p{White_Space}"),
  word: (): RangeSet => scalarsMatching("\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}"),
};

let folds: ReadonlyMap<number, readonly number[]> | undefined;
const folded = new WeakMap<RangeSet, RangeSet>();

/** Adds to a set whatever differs from a member by case only (Unicode's simple case folding). */
export function caseFold(set: RangeSet): RangeSet {
  const known = folded.get(set);
  if (known) return known;
  folds ??= simpleFolds();
  const added: [number, number][] = [];
  for (const [scalar, others] of folds) if (has(set, scalar)) for (const other of others) added.push([other, other]);
  const result = rangeSet([...rangesOf(set), ...added]);
  folded.set(set, result);
  return result;
}

const complements = new WeakMap<RangeSet, RangeSet>();

/** The scalar values that are not in a set. */
export function otherScalars(set: RangeSet): RangeSet {
  const known = complements.get(set) ?? complement(set, maxScalar);
  complements.set(set, known);
  return known;
}

/** Each scalar value that has upper and lower case, with the others that differ from it by case only. */
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
  // Changes_When_Casemapped and Changes_When_Casefolded
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
