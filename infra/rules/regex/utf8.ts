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

/** The scalar value whose UTF-8 encoding ends before `at`, if there is one. */
export function decodeBefore(bytes: string, at: number): number | undefined {
  for (let length = 1; length <= 4 && length <= at; length += 1) {
    const found = decodeAt(bytes, at - length);
    if (found?.length === length) return found.scalar;
  }
  return undefined;
}

type Sequence = readonly (readonly [low: number, high: number])[];

/** A node that matches the UTF-8 encoding of every scalar value of the set, and nothing else. */
export function utf8Class(scalars: RangeSet): Node {
  const sequences: Sequence[] = [];
  for (const [low, high] of rangesOf(scalars)) {
    if (low < 0xd800 && high > 0xdfff) sequences.push(...sequencesOf(low, 0xd7ff), ...sequencesOf(0xe000, high));
    else if (low >= 0xd800 && high <= 0xdfff) continue;
    else if (low >= 0xd800 && low <= 0xdfff) sequences.push(...sequencesOf(0xe000, high));
    else if (high >= 0xd800 && high <= 0xdfff) sequences.push(...sequencesOf(low, 0xd7ff));
    else sequences.push(...sequencesOf(low, high));
  }
  return trie(sequences);
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
