import type { Compared } from "../check/typed.ts";
import type { Span } from "../diagnostic.ts";
import { compareIp, type IpRange, printIp } from "../language/ip-address.ts";
import { readIpRange } from "../language/read-literal.ts";

/** An address or network that a value is compared with. */
export interface AddressLiteral {
  readonly range: IpRange;
  readonly span: Span;
}

/** Every address on the right side of a comparison. Several in one token have its span. */
export function addressLiterals(compared: Compared): readonly AddressLiteral[] {
  const { test, node } = compared;
  const { right } = node;
  if (!right) return [];
  if (test.kind === "address") return [{ range: { first: test.value, last: test.value }, span: right.span }];
  if (test.kind !== "addresses" || right.kind !== "items") return [];
  const { items } = right;
  return test.ranges.map((range, i) => ({
    range,
    span: (items.length === test.ranges.length ? items[i] : right)?.span ?? right.span,
  }));
}

/** Whether a range lies in a network, given as text. */
export function within({ first, last }: IpRange, network: string): boolean {
  const outer = parsed(network);
  return (compareIp(outer.first, first) ?? 1) <= 0 && (compareIp(last, outer.last) ?? 1) <= 0;
}

export function networkName({ first, last }: IpRange): string {
  return compareIp(first, last) === 0 ? printIp(first) : `${printIp(first)} to ${printIp(last)}`;
}

const known = new Map<string, IpRange>();

function parsed(network: string): IpRange {
  const found = known.get(network);
  if (found) return found;
  const read = readIpRange(network, 0);
  if (!read.ok) throw new Error(`invariant: ${network} is no network`);
  known.set(network, read.value);
  return read.value;
}
