/** An account's lists, as the engine and the validator of rulesets take them. */
import type { ListKind, ListSpec } from "../../../rules/index.ts";
import type { StoredAccount, StoredList, StoredListItem } from "../state.ts";

/** The item itself, without its comment and times. */
export function itemValue({ ip, hostname, asn }: StoredListItem): string | number {
  const value = ip ?? hostname?.url_hostname ?? asn;
  if (value === undefined) throw new Error("invariant: an item of a list has a value");
  return value;
}

/** By name, without `$`. */
export const listSpecsOf = (lists: readonly StoredList[]): Readonly<Record<string, ListSpec>> =>
  Object.fromEntries(lists.map(({ name, kind, items }) => [name, { kind, items: items.map(itemValue) }]));

/** The kinds of the account's lists by name, without `$`: what its rules may name. */
export const listKinds = ({ lists = [] }: Pick<StoredAccount, "lists">): Readonly<Record<string, ListKind>> =>
  Object.fromEntries(lists.map(({ name, kind }) => [name, kind]));
