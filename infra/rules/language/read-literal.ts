/**
 * Literals, read by type as wirefilter reads them (https://github.com/cloudflare/wirefilter, engine/src/rhs_types):
 * the same characters mean different things for different types, and where a literal ends depends on its type too.
 */
import { toBytes } from "../bytes.ts";
import type { DiagnosticCode } from "../diagnostic.ts";
import { compareIp, type IpAddress, type IpRange, mask, network, parseIp, printIp } from "./ip-address.ts";

/** What was read and where it ends, or what is wrong and where the engine points. */
export type LiteralResult<T> = { readonly ok: true; readonly value: T; readonly end: number } | ReadError;

export interface ReadError {
  readonly ok: false;
  readonly code: DiagnosticCode;
  /** The engine's own words. */
  readonly engine: string;
  readonly at: number;
  readonly end: number;
  readonly hint?: string;
}

function fail(code: DiagnosticCode, engine: string, at: number, end: number, hint?: string): ReadError {
  return { ok: false, code, engine, at, end: Math.max(end, at), ...(hint && { hint }) };
}

const UNENDED = "could not find an ending quote";

/** `"..."` with the escapes of ordinary strings; `at` is the opening quote. */
export function readQuoted(text: string, at: number): LiteralResult<string> {
  let value = "";
  let next = at + 1;
  for (;;) {
    const start = next;
    while (next < text.length && text[next] !== '"' && text[next] !== "\\") next += 1;
    value += toBytes(text.slice(start, next));
    if (next >= text.length) return fail("unterminated-string", UNENDED, at + 1, text.length, 'end the string with "');
    if (text[next] === '"') return { ok: true, value, end: next + 1 };
    const escaped = text[next + 1];
    if (escaped === undefined) return fail("unterminated-string", UNENDED, at + 1, text.length);
    if (escaped === '"' || escaped === "\\") {
      value += escaped;
      next += 2;
    } else if (escaped === "x" || (escaped >= "0" && escaped <= "7")) {
      const byte = escaped === "x" ? readByte(text, next + 2, 2, 16) : readByte(text, next + 1, 3, 8);
      if (!byte.ok) return byte;
      value += String.fromCharCode(byte.value);
      next = byte.end;
    } else {
      const hint =
        `only \\", \\\\, \\xHH and \\OOO are escapes; write \\\\${escaped} for a backslash, or use a raw string ` +
        `r"..."`;
      return fail("unknown-escape", 'expected ", xHH or OOO after \\', next + 1, next + 2, hint);
    }
  }
}

/** `r"..."` or `r#"..."#`; `at` is the `r`. */
export function readRaw(text: string, at: number): LiteralResult<string> {
  let open = at + 1;
  while (text[open] === "#") open += 1;
  const hashes = open - at - 1;
  if (hashes > 255) return fail("too-many-hashes", "expected at most 255 hashes", at + 1, open);
  if (text[open] !== '"') return fail("expected-string", 'expected " or #', open, open + 1);
  const close = text.indexOf(`"${"#".repeat(hashes)}`, open + 1);
  if (close < 0)
    return fail("unterminated-string", UNENDED, at + 1, text.length, `end the string with "${"#".repeat(hashes)}`);
  return { ok: true, value: toBytes(text.slice(open + 1, close)), end: close + 1 + hashes };
}

/**
 * A quoted pattern after `matches`: only `\"` outside a class is undone, and a quote inside `[...]` does not end it.
 */
export function readPattern(text: string, at: number): LiteralResult<string> {
  let value = "";
  let inClass = false;
  for (let next = at + 1; next < text.length; next += 1) {
    const character = text[next];
    if (character === "\\") {
      next += 1;
      const escaped = text[next];
      if (escaped === undefined) break;
      value += inClass || escaped !== '"' ? `\\${escaped}` : escaped;
    } else if (character === '"' && !inClass) return { ok: true, value: toBytes(value), end: next + 1 };
    else {
      if (character === "[") inClass = true;
      else if (character === "]") inClass = false;
      value += character;
    }
  }
  const hint = inClass ? "a quote inside [...] does not end the pattern" : 'end the pattern with "';
  return fail("unterminated-string", UNENDED, at + 1, text.length, hint);
}

/** `digits` digits of one byte. */
function readByte(text: string, at: number, digits: number, radix: 8 | 16): LiteralResult<number> {
  const characters = [...text.slice(at, at + digits * 2)].slice(0, digits);
  if (characters.length < digits)
    return fail("bad-bytes", `expected ${digits} characters, but found ${characters.length}`, at, text.length);
  const written = characters.join("");
  // Rust's numbers may have a plus sign, so that \x+8 is the byte 8.
  const value = (radix === 8 ? /^\+?[0-7]+$/ : /^\+?[0-9a-fA-F]+$/).test(written)
    ? Number.parseInt(written, radix)
    : Number.NaN;
  if (Number.isNaN(value))
    return fail(
      "bad-bytes",
      `invalid digit found in string while parsing with radix ${radix}`,
      at,
      at + written.length,
    );
  if (value > 255)
    return fail(
      "bad-bytes",
      `number too large to fit in target type while parsing with radix ${radix}`,
      at,
      at + digits,
    );
  return { ok: true, value, end: at + digits };
}

const SEPARATOR = /[:.-]/;

/** `61:62`: pairs of hexadecimal digits divided by `:`, `-` or `.`, at least two. */
export function readBytes(text: string, at: number): LiteralResult<string> {
  const first = readByte(text, at, 2, 16);
  if (!first.ok) return first;
  if (first.end >= text.length) return fail("bad-bytes", "expected 1 characters, but found 0", first.end, first.end);
  if (!SEPARATOR.test(text[first.end] ?? ""))
    return fail("bad-bytes", "expected byte separator", first.end, first.end + 1);
  let value = String.fromCharCode(first.value);
  let next = first.end;
  while (SEPARATOR.test(text[next] ?? "")) {
    const byte = readByte(text, next + 1, 2, 16);
    if (!byte.ok) return byte;
    value += String.fromCharCode(byte.value);
    next = byte.end;
  }
  return { ok: true, value, end: next };
}

/** An integer of 64 bits: a number where that is exact, else a bigint. */
export type Integer = number | bigint;

/** `80`, `-1`, `0x50`, or octal `0120`. Hexadecimal digits are taken greedily, as the engine does. */
export function readInteger(text: string, at: number): LiteralResult<Integer> {
  const hexadecimal = text.startsWith("0x", at);
  const radix = hexadecimal ? 16 : text[at] === "0" ? 8 : 10;
  const negative = radix === 10 && text[at] === "-";
  const start = at + (hexadecimal ? 2 : negative ? 1 : 0);
  let end = start;
  while (/[0-9a-fA-F]/.test(text[end] ?? "")) end += 1;
  const digits = text.slice(start, end);
  if (digits === "") return fail("expected-integer", "expected digit", start, start + 1);
  const from = hexadecimal ? start : at;
  if (!{ 8: /^[0-7]+$/, 10: /^[0-9]+$/, 16: /./ }[radix].test(digits)) {
    const hint = radix === 8 ? "a leading 0 means octal; write the number without it" : undefined;
    return fail("bad-integer", `invalid digit found in string while parsing with radix ${radix}`, from, end, hint);
  }
  const value = BigInt(radix === 10 ? digits : `${radix === 16 ? "0x" : "0o"}${digits}`) * (negative ? -1n : 1n);
  if (BigInt.asIntN(64, value) !== value)
    return fail(
      "bad-integer",
      `number too ${negative ? "small" : "large"} to fit in target type while parsing with radix ${radix}`,
      from,
      end,
      "integers have 64 bits: -9223372036854775808 to 9223372036854775807",
    );
  return { ok: true, value: toInteger(value), end };
}

/** An integer in its one representation. */
export function toInteger(value: bigint): Integer {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export interface IntegerRange {
  readonly first: Integer;
  readonly last: Integer;
}

/** `80` or `8000..8009`, an item of a set. */
export function readIntegerRange(text: string, at: number): LiteralResult<IntegerRange> {
  const first = readInteger(text, at);
  if (!first.ok) return first;
  if (!text.startsWith("..", first.end))
    return { ok: true, value: { first: first.value, last: first.value }, end: first.end };
  const last = readInteger(text, first.end + 2);
  if (!last.ok) return last;
  if (last.value < first.value)
    return fail(
      "bad-range",
      "incompatible range bounds",
      at,
      last.end,
      "a range goes from the smaller to the larger number",
    );
  return { ok: true, value: { first: first.value, last: last.value }, end: last.end };
}

const NO_ADDRESS = "couldn't parse address in network: invalid IP address syntax";

function addressEnd(text: string, at: number): number {
  ADDRESS.lastIndex = at;
  ADDRESS.test(text);
  return ADDRESS.lastIndex;
}

// Sticky, so that it matches at an offset; it always matches, if only nothing.
const ADDRESS = /[0-9a-fA-F:./]*/y;

/** One address, strictly written. */
export function readIp(text: string, at: number): LiteralResult<IpAddress> {
  const end = addressEnd(text, at);
  if (end === at) return fail("expected-address", "expected IP address character", at, at + 1);
  const written = text.slice(at, end);
  const value = parseIp(written);
  if (value !== undefined) return { ok: true, value, end };
  const hint = written.includes("/") ? `write a network in a set: in {${written}}` : undefined;
  return fail("bad-address", NO_ADDRESS, at, end, hint);
}

/** An address, a network or `first..last`, an item of a set. */
export function readIpRange(text: string, at: number): LiteralResult<IpRange> {
  const end = addressEnd(text, at);
  if (end === at) return fail("expected-address", "expected IP address character", at, at + 1);
  const written = text.slice(at, end);
  const dots = written.indexOf("..");
  if (dots >= 0) return readFromTo(text, at, at + dots, end);
  const slash = written.lastIndexOf("/");
  const address = slash < 0 ? written : written.slice(0, slash);
  const ip = parseIp(address) ?? parseShortIp4(address);
  if (ip === undefined) return fail("bad-address", NO_ADDRESS, at, at + address.length);
  if (slash < 0) return { ok: true, value: { first: ip, last: ip }, end };
  const length = written.slice(slash + 1);
  const lengthAt = at + slash + 1;
  if (!/^\d+$/.test(length) || Number(length) > 255) {
    const why =
      length === ""
        ? "cannot parse integer from empty string"
        : /^\d+$/.test(length)
          ? "number too large to fit in target type"
          : "invalid digit found in string";
    return fail("bad-network", `couldn't parse length in network: ${why}`, lengthAt, end);
  }
  const maximum = typeof ip === "number" ? 32 : 128;
  if (Number(length) > maximum)
    return fail(
      "bad-network",
      `invalid length for network: Network length ${Number(length)} is too long for ` +
        `${maximum === 32 ? "Ipv4" : "Ipv6"} (maximum: ${maximum})`,
      at,
      end,
    );
  const range = network(ip, Number(length));
  if (range) return { ok: true, value: range, end };
  const hint = `the network is ${printIp(mask(ip, Number(length)))}/${Number(length)}`;
  return fail("host-bits", "host part of address was not zero", at, at + address.length, hint);
}

function readFromTo(text: string, at: number, dots: number, end: number): LiteralResult<IpRange> {
  const first = parseIp(text.slice(at, dots));
  if (first === undefined) return fail("bad-address", NO_ADDRESS, at, dots);
  const last = parseIp(text.slice(dots + 2, end));
  if (last === undefined) return fail("bad-address", NO_ADDRESS, dots + 2, end);
  const order = compareIp(first, last);
  if (order === undefined || order > 0)
    return fail("bad-range", "incompatible range bounds", at, end, "both ends are of one version, the smaller first");
  return { ok: true, value: { first, last }, end };
}

/**
 * The short form that sets accept: octets that are left out are zero, so that `10` is 10.0.0.0 and `1.2.3` is 1.2.3.0.
 */
function parseShortIp4(text: string): number | undefined {
  const octets = text.split(".");
  if (octets.length > 4 || !octets.every((octet) => /^\d+$/.test(octet) && Number(octet) < 256)) return undefined;
  return [0, 1, 2, 3].reduce((value, at) => value * 256 + Number(octets[at] ?? 0), 0);
}
