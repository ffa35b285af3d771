/** Lists that rules compare with by `in $name`: https://developers.cloudflare.com/waf/tools/lists/ */
import type { IpAddress, IpRange } from "../language/ip-address.ts";
import { readIpRange } from "../language/read-literal.ts";
import type { ListKind } from "../schema/lists.ts";
import { IpSetBuilder } from "./ip-set.ts";
import { lowerAscii } from "./match-wildcard.ts";
import type { Value } from "./value.ts";

/**
 * A list's items as the API stores them: addresses and networks, hostnames with an optional leading `*.`, or numbers.
 */
export interface ListSpec {
  readonly kind: ListKind;
  readonly items: readonly (string | number)[];
}

/** An item that its kind of list cannot hold. */
export class ListItemError extends Error {
  readonly code = "LIST_ITEM";
  readonly item: string;

  constructor(kind: ListKind, item: string | number) {
    super(`${JSON.stringify(item)} cannot be in a list of kind ${kind}`);
    this.item = String(item);
  }
}

/**
 * Membership of a list, in time that hardly depends on its size.
 * @throws ListItemError
 */
export function compileList({ kind, items }: ListSpec): (value: Value) => boolean {
  if (kind === "ip") return ipList(items) as (value: Value) => boolean;
  if (kind === "asn") {
    const numbers = new Set<Value>(items.map(asnItem));
    return (value) => numbers.has(value);
  }
  return hostnames(items);
}

/** Lists by name without `$`, as `compile` takes them. @throws ListItemError */
export const compileLists = (
  lists: Readonly<Record<string, ListSpec>>,
): ReadonlyMap<string, (value: Value) => boolean> =>
  new Map(Object.entries(lists).map(([name, list]) => [name, compileList(list)]));

function ipList(items: readonly (string | number)[]): (ip: IpAddress) => boolean {
  const builder = new IpSetBuilder(items.length);
  for (const item of items) if (typeof item !== "string" || !addPlain4(builder, item)) builder.add(ipItem(item));
  return builder.build();
}

/** The usual item, `a.b.c.d` or `a.b.c.d/n`, in one pass over its characters; false where it is anything else. */
function addPlain4(builder: IpSetBuilder, text: string): boolean {
  let value = 0;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  let length = -1;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at) - 0x30;
    if (code >= 0 && code <= 9) {
      if (digits > 0 && octet === 0) return false;
      octet = octet * 10 + code;
      digits += 1;
      if (octet > 255) return false;
    } else if (digits > 0 && code === DOT && dots < 3) {
      value = value * 256 + octet;
      dots += 1;
      octet = 0;
      digits = 0;
    } else if (digits > 0 && code === SLASH && dots === 3 && length < 0) {
      value = value * 256 + octet;
      length = 0;
      octet = 0;
      digits = 0;
    } else return false;
  }
  if (digits === 0 || dots !== 3) return false;
  if (length < 0) {
    const address = value * 256 + octet;
    builder.add4(address, address);
    return true;
  }
  if (octet > 32) return false;
  const size = 2 ** (32 - octet);
  if (value % size !== 0) return false;
  builder.add4(value, value + size - 1);
  return true;
}

const DOT = 0x2e - 0x30;
const SLASH = 0x2f - 0x30;

function ipItem(item: string | number): IpRange {
  const read = typeof item === "string" ? readIpRange(item, 0) : undefined;
  if (!read?.ok || read.end !== String(item).length) throw new ListItemError("ip", item);
  return read.value;
}

function asnItem(item: string | number): number {
  const number = Number(item);
  if (!Number.isInteger(number) || number < 0 || number > 0xffffffff) throw new ListItemError("asn", item);
  return number;
}

/** A name is in the list by itself, or by any of its parents that the list has with `*.`. */
function hostnames(items: readonly (string | number)[]): (value: Value) => boolean {
  const exact = new Set<string>();
  const parents = new Set<string>();
  for (const item of items) {
    const name = lowerAscii(String(item));
    if (!/^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)) throw new ListItemError("hostname", item);
    if (name.startsWith("*.")) parents.add(name.slice(1));
    else exact.add(name);
  }
  return (value) => {
    const name = lowerAscii(value as string);
    if (exact.has(name)) return true;
    if (parents.size === 0) return false;
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1))
      if (parents.has(name.slice(dot))) return true;
    return false;
  };
}
