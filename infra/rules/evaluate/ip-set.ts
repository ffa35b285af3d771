/** Sets of addresses that answer in the time of a few comparisons, however many networks they hold. */
import { compareIp, type Ip6, type IpAddress, type IpRange } from "../language/ip-address.ts";

/** Whether an address lies in one of the ranges. Ranges may overlap; version 4 is never in a version 6 range. */
export function ipSet(ranges: readonly IpRange[]): (ip: IpAddress) => boolean {
  const has4 = set4(ranges);
  const has6 = set6(ranges);
  return (ip) => (typeof ip === "number" ? has4(ip) : has6(ip));
}

/** From this many ranges on, a table by the leading bits narrows the search. */
const TABLE_FROM = 32;

function set4(ranges: readonly IpRange[]): (ip: number) => boolean {
  const pairs = new Float64Array(ranges.length * 2);
  let count = 0;
  for (const { first, last } of ranges) {
    if (typeof first !== "number" || typeof last !== "number") continue;
    pairs[count] = first;
    pairs[count + 1] = last;
    count += 2;
  }
  const { starts, ends } = merge(pairs.subarray(0, count));
  const size = starts.length;
  if (size === 0) return () => false;
  if (size < TABLE_FROM) return (ip) => ip <= (ends[lastAtMost(starts, ip, 0, size)] ?? -1);
  const bits = Math.min(16, Math.ceil(Math.log2(size)) + 2);
  const shift = 32 - bits;
  // table[b] is the number of ranges that start before block b.
  const table = new Uint32Array(2 ** bits + 1);
  for (let at = 0, block = 0; block < table.length; block += 1) {
    const start = block * 2 ** shift;
    while (at < size && (starts[at] ?? 0) < start) at += 1;
    table[block] = at;
  }
  return (ip) => {
    const block = ip >>> shift;
    const from = table[block] ?? 0;
    const to = table[block + 1] ?? 0;
    return ip <= (ends[lastAtMost(starts, ip, from > 0 ? from - 1 : 0, to)] ?? -1);
  };
}

/** The index in [from, to) of the last start that is not above `ip`, or -1. */
function lastAtMost(starts: Uint32Array, ip: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= ip) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Sorted, overlapping and touching ranges joined. Bounds are packed into one number each, so that sorting is numeric. */
function merge(pairs: Float64Array): { readonly starts: Uint32Array; readonly ends: Uint32Array } {
  const size = pairs.length / 2;
  const order = new Float64Array(size);
  let simple = true;
  for (let at = 0; at < size; at += 1) {
    const first = pairs[at * 2] ?? 0;
    const length = (pairs[at * 2 + 1] ?? 0) - first + 1;
    const bits = Math.log2(length);
    simple &&= Number.isInteger(bits);
    order[at] = first * 64 + bits;
  }
  const sorted: (readonly [number, number])[] = [];
  const starts = new Uint32Array(size);
  const ends = new Uint32Array(size);
  let count = 0;
  const add = (first: number, last: number) => {
    if (count > 0 && first <= (ends[count - 1] ?? 0) + 1) {
      if (last > (ends[count - 1] ?? 0)) ends[count - 1] = last;
    } else {
      starts[count] = first;
      ends[count] = last;
      count += 1;
    }
  };
  if (simple) {
    order.sort();
    for (const packed of order) {
      const first = Math.floor(packed / 64);
      add(first, first + 2 ** (packed - first * 64) - 1);
    }
  } else {
    for (let at = 0; at < size; at += 1) sorted.push([pairs[at * 2] ?? 0, pairs[at * 2 + 1] ?? 0]);
    sorted.sort((a, b) => a[0] - b[0]);
    for (const [first, last] of sorted) add(first, last);
  }
  return { starts: starts.slice(0, count), ends: ends.slice(0, count) };
}

function set6(ranges: readonly IpRange[]): (ip: Ip6) => boolean {
  const sorted: { first: Ip6; last: Ip6 }[] = [];
  for (const { first, last } of ranges)
    if (typeof first !== "number" && typeof last !== "number") sorted.push({ first, last });
  sorted.sort((a, b) => compareIp(a.first, b.first) ?? 0);
  const merged: { first: Ip6; last: Ip6 }[] = [];
  for (const range of sorted) {
    const before = merged.at(-1);
    if (!before || (compareIp(range.first, before.last) ?? 0) > 0) merged.push(range);
    else if ((compareIp(range.last, before.last) ?? 0) > 0)
      merged[merged.length - 1] = { first: before.first, last: range.last };
  }
  const starts = new Uint32Array(merged.flatMap(({ first }) => first));
  const ends = new Uint32Array(merged.flatMap(({ last }) => last));
  const size = merged.length;
  if (size === 0) return () => false;
  return (ip) => {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (above(starts, middle * 4, ip)) high = middle;
      else low = middle + 1;
    }
    return low > 0 && !below(ends, (low - 1) * 4, ip);
  };
}

function above(words: Uint32Array, at: number, ip: Ip6): boolean {
  for (let word = 0; word < 4; word += 1) {
    const left = words[at + word] ?? 0;
    const right = ip[word] ?? 0;
    if (left !== right) return left > right;
  }
  return false;
}

function below(words: Uint32Array, at: number, ip: Ip6): boolean {
  for (let word = 0; word < 4; word += 1) {
    const left = words[at + word] ?? 0;
    const right = ip[word] ?? 0;
    if (left !== right) return left < right;
  }
  return false;
}
