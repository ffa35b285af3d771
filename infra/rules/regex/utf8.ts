import { alternate, concat, type Node } from "./node.ts";
import { type RangeSet, rangesOf } from "./range-set.ts";

/** The UTF-8 encoding of one Unicode scalar value, as bytes. */
export function encode(scalar: number): readonly number[] {
  if (scalar < 0x80) return [scalar];
  const tail = (shift: number): number => 0x80 | ((scalar >> shift) & 0x3f);
  if (scalar < 0x800) return [0xc0 | (scalar >> 6), tail(0)];
  if (scalar < 0x10000) return [0xe0 | (scalar >> 12), tail(6), tail(0)];
  return [0xf0 | (scalar >> 18), tail(12), tail(6), tail(0)];
}

/**
 * The scalar value whose UTF-8 encoding starts at `at` in a byte string, with its length; undefined where there is none
 * (overlong forms, surrogates and values over U+10FFFF are none: RFC 3629).
 */
export function decodeAt(bytes: string, at: number): { readonly scalar: number; readonly length: number } | undefined {
  const first = bytes.charCodeAt(at);
  if (first < 0x80) return { scalar: first, length: 1 };
  const length =
    first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return undefined;
  let scalar = first & (0xff >> (length + 1));
  for (let i = 1; i < length; i += 1) {
    const byte = bytes.charCodeAt(at + i);
    if ((byte & 0xc0) !== 0x80) return undefined;
    scalar = (scalar << 6) | (byte & 0x3f);
  }
  const valid =
    length === 2 ||
    (length === 3 && scalar >= 0x800 && (scalar < 0xd800 || scalar > 0xdfff)) ||
    (length === 4 && scalar >= 0x10000 && scalar <= 0x10ffff);
  return valid ? { scalar, length } : undefined;
}

/**
 * The scalar value before `at`, as Rust's regex_automata decodes it: from the last byte that is no continuation byte,
 * at most four bytes back. Continuation bytes that do not belong to it are passed over, so that after `79 b1` there is
 * a `y`.
 */
export function decodeBefore(bytes: string, at: number): number | undefined {
  let start = at - 1;
  while (start > Math.max(0, at - 4) && (bytes.charCodeAt(start) & 0xc0) === 0x80) start -= 1;
  return at > 0 ? decodeAt(bytes.slice(start, at), 0)?.scalar : undefined;
}

type Sequence = readonly (readonly [low: number, high: number])[];

/** What Rust's automaton of a class takes, in bytes, read forwards and backwards. */
export interface ClassSize {
  readonly forward: number;
  readonly reverse: number;
}

const classes = new WeakMap<RangeSet, Node>();
const classSizes = new WeakMap<Node, ClassSize>();

/** The size of a node that {@link utf8Class} made; undefined for any other. */
export function utf8ClassSize(node: Node): ClassSize | undefined {
  return classSizes.get(node);
}

/**
 * A node that matches the UTF-8 encoding of every scalar value of the set, and nothing else. Equal sets may share it.
 */
export function utf8Class(scalars: RangeSet): Node {
  const known = classes.get(scalars);
  if (known) return known;
  const sequences: Sequence[] = [];
  for (const [low, high] of rangesOf(scalars)) {
    if (low < 0xd800 && high > 0xdfff) sequences.push(...sequencesOf(low, 0xd7ff), ...sequencesOf(0xe000, high));
    else if (low >= 0xd800 && high <= 0xdfff) continue;
    else if (low >= 0xd800 && low <= 0xdfff) sequences.push(...sequencesOf(0xe000, high));
    else if (high >= 0xd800 && high <= 0xdfff) sequences.push(...sequencesOf(low, 0xd7ff));
    else sequences.push(...sequencesOf(low, high));
  }
  const node = trie(sequences);
  classes.set(scalars, node);
  // Classes of ASCII and single scalar values are compiled as bytes.
  const isSingle = scalars.length === 2 && scalars[0] === scalars[1];
  if (node.kind !== "bytes" && !isSingle) classSizes.set(node, sizeOf(sequences));
  return node;
}

const stateBytes = 32;

/**
 * The size of a class in regex_automata (nfa/thompson/compiler.rs). Forwards, states that go on alike are one state,
 * with eight bytes for each transition. Backwards, only what follows is shared, and each range of bytes is a state.
 */
function sizeOf(sequences: readonly Sequence[]): ClassSize {
  const suffixes = new Map<string, number>();
  let states = 0;
  let transitions = 0;
  const numberOf = (from: readonly Sequence[]): number => {
    if (from[0]?.length === 0) return 0;
    const groups = new Map<string, Sequence[]>();
    for (const [range, ...rest] of from) {
      const key = `${range}`;
      const group = groups.get(key);
      if (group) group.push(rest);
      else groups.set(key, [rest]);
    }
    const key = [...groups].map(([range, rest]) => `${range}>${numberOf(rest)}`).join();
    const known = suffixes.get(key);
    if (known !== undefined) return known;
    states += 1;
    transitions += groups.size;
    suffixes.set(key, states);
    return states;
  };
  numberOf(sequences);
  const prefixes = new Set(sequences.flatMap((sequence) => sequence.map((_, i) => sequence.slice(0, i + 1).join())));
  return {
    forward: stateBytes * (states + 1) + 8 * transitions,
    reverse: stateBytes * (prefixes.size + 2) + 4 * sequences.length,
  };
}

/** Splits a range of scalar values into ranges of equally long encodings in which every byte varies on its own. */
function sequencesOf(low: number, high: number): Sequence[] {
  for (const last of [0x7f, 0x7ff, 0xffff]) {
    if (low <= last && last < high) return [...sequencesOf(low, last), ...sequencesOf(last + 1, high)];
  }
  const from = encode(low);
  for (let i = 1; i < from.length; i += 1) {
    const mask = (1 << (6 * i)) - 1;
    if ((low & ~mask) === (high & ~mask)) continue;
    if ((low & mask) !== 0) return [...sequencesOf(low, low | mask), ...sequencesOf((low | mask) + 1, high)];
    if ((high & mask) !== mask) return [...sequencesOf(low, (high & ~mask) - 1), ...sequencesOf(high & ~mask, high)];
  }
  const to = encode(high);
  return [from.map((byte, i) => [byte, to[i] ?? byte] as const)];
}

/** Shares the beginnings of ascending byte sequences, and joins neighbours that continue alike. */
function trie(sequences: readonly Sequence[]): Node {
  const groups = new Map<string, { readonly range: readonly [number, number]; readonly rest: Sequence[] }>();
  for (const sequence of sequences) {
    const [range, ...rest] = sequence;
    if (!range) continue;
    const key = range.join();
    const group = groups.get(key);
    if (group) group.rest.push(rest);
    else groups.set(key, { range, rest: [rest] });
  }
  const byTail = new Map<string, { readonly set: number[]; readonly tail: Node | undefined }>();
  for (const { range, rest } of groups.values()) {
    const key = JSON.stringify(rest);
    const same = byTail.get(key);
    if (same) same.set.push(...range);
    else byTail.set(key, { set: [...range], tail: rest[0]?.length ? trie(rest) : undefined });
  }
  const branches = [...byTail.values()].map(({ set, tail }): Node => {
    const bytes: Node = { kind: "bytes", set: joined(set) };
    return tail ? concat([bytes, tail]) : bytes;
  });
  return branches.length === 0 ? { kind: "bytes", set: [] } : alternate(branches);
}

/** Joins touching neighbours of ascending ranges. */
function joined(set: readonly number[]): RangeSet {
  const result: number[] = [];
  for (const [low, high] of rangesOf(set)) {
    if (result.length > 0 && result[result.length - 1] === low - 1) result[result.length - 1] = high;
    else result.push(low, high);
  }
  return result;
}
