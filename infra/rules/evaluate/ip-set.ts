/** Sets of addresses with a look-up by a few comparisons, however many networks they hold. */
import { compareIp, type Ip6, type IpAddress, type IpRange } from "../language/ip-address.ts";

/** Whether an address lies in one of the ranges. Ranges may overlap; version 4 is never in a version 6 range. */
export function ipSet(ranges: readonly IpRange[]): (ip: IpAddress) => boolean {
  const builder = new IpSetBuilder(ranges.length);
  for (const range of ranges) builder.add(range);
  return builder.build();
}

/** Collects ranges, without an object for each of version 4. */
export class IpSetBuilder {
  readonly #firsts: Uint32Array;
  readonly #lasts: Uint32Array;
  #count = 0;
  readonly #ranges6: { first: Ip6; last: Ip6 }[] = [];

  /** @param capacity the most ranges that will be added */
  constructor(capacity: number) {
    this.#firsts = new Uint32Array(capacity);
    this.#lasts = new Uint32Array(capacity);
  }

  add({ first, last }: IpRange): void {
    if (typeof first === "number" && typeof last === "number") this.add4(first, last);
    else if (typeof first !== "number" && typeof last !== "number") this.#ranges6.push({ first, last });
  }

  add4(first: number, last: number): void {
    this.#firsts[this.#count] = first;
    this.#lasts[this.#count] = last;
    this.#count += 1;
  }

  build(): (ip: IpAddress) => boolean {
    const has4 = set4(this.#firsts.subarray(0, this.#count), this.#lasts.subarray(0, this.#count));
    const has6 = set6(this.#ranges6);
    return (ip) => (typeof ip === "number" ? has4(ip) : has6(ip));
  }
}

function set4(firsts: Uint32Array, lasts: Uint32Array): (ip: number) => boolean {
  if (firsts.length === 0) return () => false;
  const bits = Math.min(16, Math.ceil(Math.log2(firsts.length)) + 1);
  const { starts, ends } = merge(firsts, lasts, 32 - bits);
  const size = starts.length;
  const shift = 32 - bits;
  // table[b] is the number of ranges that start before block b.
  const table = new Uint32Array(2 ** bits + 1);
  for (let at = 0; at < size; at += 1) {
    const after = ((starts[at] as number) >>> shift) + 1;
    table[after] = (table[after] as number) + 1;
  }
  for (let block = 1; block < table.length; block += 1)
    table[block] = (table[block] as number) + (table[block - 1] as number);
  return (ip) => {
    const block = ip >>> shift;
    // The last range that starts at or before the address is in its block, or is the last before that.
    let low = table[block] as number;
    let high = table[block + 1] as number;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] as number) <= ip) low = middle + 1;
      else high = middle;
    }
    return low > 0 && ip <= (ends[low - 1] as number);
  };
}

/** Sorted by first address, overlapping ranges joined. A counting sort by the leading bits leaves little to order. */
function merge(
  firsts: Uint32Array,
  lasts: Uint32Array,
  shift: number,
): { readonly starts: Uint32Array; readonly ends: Uint32Array } {
  const size = firsts.length;
  const next = new Uint32Array(2 ** (32 - shift) + 1);
  for (let at = 0; at < size; at += 1) {
    const after = ((firsts[at] as number) >>> shift) + 1;
    next[after] = (next[after] as number) + 1;
  }
  for (let block = 1; block < next.length; block += 1)
    next[block] = (next[block] as number) + (next[block - 1] as number);
  const order = new Uint32Array(size);
  for (let at = 0; at < size; at += 1) {
    const block = (firsts[at] as number) >>> shift;
    const place = next[block] as number;
    order[place] = at;
    next[block] = place + 1;
  }
  // next[b] is now where block b ends.
  for (let block = 0, from = 0; block < next.length; block += 1) {
    const to = next[block] as number;
    if (to - from > 1) sortBlock(order, firsts, from, to);
    from = Math.max(from, to);
  }
  const starts = new Uint32Array(size);
  const ends = new Uint32Array(size);
  let count = 0;
  for (let at = 0; at < size; at += 1) {
    const index = order[at] as number;
    const first = firsts[index] as number;
    const last = lasts[index] as number;
    const before = count > 0 ? (ends[count - 1] as number) : -1;
    if (count > 0 && first <= before) {
      if (last > before) ends[count - 1] = last;
    } else {
      starts[count] = first;
      ends[count] = last;
      count += 1;
    }
  }
  return { starts: starts.subarray(0, count), ends: ends.subarray(0, count) };
}

/** Up to this many are sorted by insertion. */
const FEW = 16;

/** Sorts the indexes of one block by their first address. */
function sortBlock(order: Uint32Array, firsts: Uint32Array, from: number, to: number): void {
  if (to - from > FEW) {
    // Address and index fit into the 53 bits of a number, and numbers sort without a comparison function.
    const packed = Float64Array.from(
      order.subarray(from, to),
      (index) => (firsts[index] as number) * 2 ** 21 + index,
    ).sort();
    for (const [at, value] of packed.entries()) order[from + at] = value % 2 ** 21;
    return;
  }
  for (let at = from + 1; at < to; at += 1) {
    const index = order[at] as number;
    const first = firsts[index] as number;
    let place = at;
    while (place > from && (firsts[order[place - 1] as number] as number) > first) {
      order[place] = order[place - 1] as number;
      place -= 1;
    }
    order[place] = index;
  }
}

function set6(ranges: readonly { first: Ip6; last: Ip6 }[]): (ip: Ip6) => boolean {
  const sorted = ranges.toSorted((a, b) => compareIp(a.first, b.first) ?? 0);
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
    const left = words[at + word] as number;
    const right = ip[word] as number;
    if (left !== right) return left > right;
  }
  return false;
}

function below(words: Uint32Array, at: number, ip: Ip6): boolean {
  for (let word = 0; word < 4; word += 1) {
    const left = words[at + word] as number;
    const right = ip[word] as number;
    if (left !== right) return left < right;
  }
  return false;
}
