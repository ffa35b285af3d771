/**
 * Addresses as the language compares them: version 4 and version 6 are disjoint, version-4-mapped addresses are not
 * unwrapped.
 */

/** Version 4 as an unsigned 32-bit number, version 6 as four of them, most significant first. */
export type IpAddress = number | Ip6;
export type Ip6 = readonly [number, number, number, number];

/** An address in the strict form of Rust's `IpAddr` (RFC 4291 section 2.2, RFC 6943 for version 4), or undefined. */
export function parseIp(text: string): IpAddress | undefined {
  return text.includes(":") ? parseIp6(text) : parseIp4(text);
}

function parseIp4(text: string): number | undefined {
  let value = 0;
  let parts = 1;
  let octet = -1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x2e) {
      if (octet < 0 || parts === 4) return undefined;
      value = value * 256 + octet;
      octet = -1;
      parts += 1;
    } else if (code >= 0x30 && code <= 0x39) {
      // No leading zeros: they would be octal elsewhere.
      if (octet === 0) return undefined;
      octet = (octet < 0 ? 0 : octet * 10) + code - 0x30;
      if (octet > 255) return undefined;
    } else return undefined;
  }
  return parts === 4 && octet >= 0 ? value * 256 + octet : undefined;
}

function parseIp6(text: string): Ip6 | undefined {
  const groups = [0, 0, 0, 0, 0, 0, 0, 0];
  let count = 0;
  // Number of groups before `::`; -1 while there is no `::`.
  let gap = -1;
  let at = 0;
  if (text.startsWith("::")) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (count === 8) return undefined;
    const start = at;
    let group = 0;
    for (; at < text.length; at += 1) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      group = group * 16 + digit;
    }
    if (text.charCodeAt(at) === 0x2e) {
      const v4 = count <= 6 ? parseIp4(text.slice(start)) : undefined;
      if (v4 === undefined) return undefined;
      groups[count] = Math.floor(v4 / 0x10000);
      groups[count + 1] = v4 % 0x10000;
      count += 2;
      break;
    }
    if (at === start || at - start > 4) return undefined;
    groups[count] = group;
    count += 1;
    if (at === text.length) break;
    if (text.charCodeAt(at) !== 0x3a) return undefined;
    at += 1;
    if (text.charCodeAt(at) === 0x3a) {
      if (gap >= 0) return undefined;
      gap = count;
      at += 1;
    } else if (at === text.length) return undefined;
  }
  if (gap < 0 ? count !== 8 : count > 7) return undefined;
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  const word = (index: number) => (groups[index] ?? 0) * 0x10000 + (groups[index + 1] ?? 0);
  return [word(0), word(2), word(4), word(6)];
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** The text of an address in the recommended form (RFC 5952). */
export function printIp(ip: IpAddress): string {
  if (typeof ip === "number") return [24, 16, 8, 0].map((shift) => (ip >>> shift) & 255).join(".");
  const groups = ip.flatMap((word) => [Math.floor(word / 0x10000), word % 0x10000]);
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at += 1) {
    let length = 0;
    while (groups[at + length] === 0) length += 1;
    if (length > best.length) best = { at, length };
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (best.at < 0) return hex(groups);
  return `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`;
}

/** Order within one version; undefined between the two. */
export function compareIp(left: IpAddress, right: IpAddress): number | undefined {
  if (typeof left === "number") return typeof right === "number" ? left - right : undefined;
  if (typeof right === "number") return undefined;
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2] || left[3] - right[3];
}

/** First and last address, of one version and in order. */
export interface IpRange {
  readonly first: IpAddress;
  readonly last: IpAddress;
}

/** The first and last address of a network of `length` bits; undefined where bits after the prefix are set. */
export function network(ip: IpAddress, length: number): IpRange | undefined {
  if (typeof ip === "number") {
    const size = 2 ** (32 - length);
    return ip % size === 0 ? { first: ip, last: ip + size - 1 } : undefined;
  }
  const first = mask(ip, length);
  if (compareIp(first, ip) !== 0) return undefined;
  const word = (at: number) => (ip[at] ?? 0) + hostSize(length, at) - 1;
  return { first, last: [word(0), word(1), word(2), word(3)] };
}

/** The address with all but its first `length` bits cleared. */
export function mask(ip: Ip6, length: number): Ip6;
export function mask(ip: IpAddress, length: number): IpAddress;
export function mask(ip: IpAddress, length: number): IpAddress {
  if (typeof ip === "number") return ip - (ip % 2 ** (32 - length));
  const word = (at: number) => (ip[at] ?? 0) - ((ip[at] ?? 0) % hostSize(length, at));
  return [word(0), word(1), word(2), word(3)];
}

/** How many values the word at `at` can take after a prefix of `length` bits. */
function hostSize(length: number, at: number): number {
  return 2 ** Math.min(32, Math.max(0, 32 * (at + 1) - length));
}
