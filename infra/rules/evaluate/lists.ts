/** Lists that rules ask with `in $name`: https://developers.cloudflare.com/waf/tools/lists/ */
import type { IpRange } from "../language/ip-address.ts";
import { readIpRange } from "../language/read-literal.ts";
import { ipSet } from "./ip-set.ts";
import { lowerAscii } from "./match-wildcard.ts";
import type { Value } from "./value.ts";

export type ListKind = "ip" | "hostname" | "asn";

/** A list's items as the API stores them: addresses and networks, hostnames with an optional leading `*.`, or numbers. */
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
  if (kind === "ip") return ipSet(items.map(ipItem)) as (value: Value) => boolean;
  if (kind === "asn") {
    const numbers = new Set<Value>(items.map(asnItem));
    return (value) => numbers.has(value);
  }
  return hostnames(items);
}

function ipItem(item: string | number): IpRange {
  const text = String(item);
  const read = readIpRange(text, 0);
  if (!read.ok || read.end !== text.length) throw new ListItemError("ip", item);
  return read.value;
}

function asnItem(item: string | number): number {
  const number = Number(item);
  if (!Number.isInteger(number) || number < 0 || number > 0xffffffff) throw new ListItemError("asn", item);
  return number;
}

/** A name is in the list by itself, or by any of its parents that stands there with `*.`. */
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
