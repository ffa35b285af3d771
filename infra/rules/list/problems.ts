/** Whether Cloudflare would accept the lists of an account. */
import type { ListCode } from "../diagnostic-code.ts";
import type { ListSpec } from "../evaluate/lists.ts";
import { compareIp, type IpRange, printIp } from "../language/ip-address.ts";
import { readIpRange } from "../language/read-literal.ts";
import { KIND_LIMITS, LIST_KINDS, LIST_NAME, listKindsOf } from "../schema/lists.ts";
import { PLAN_LIMITS, type Plan, planName } from "../schema/plans.ts";
import { readListItem } from "./item.ts";

/** What is wrong with the lists, or with one of them. */
export interface ListProblem {
  readonly code: ListCode;
  /** Error: Cloudflare would refuse. Warning: a likely mistake. */
  readonly severity: "error" | "warning";
  /** The name of the list; absent where it is all lists together. */
  readonly list?: string;
  /** Place of the item, from 0. */
  readonly index?: number;
  readonly message: string;
  readonly hint?: string;
}

/** Most wrong items that are reported of one list, each by itself. */
const MAX_WRONG_ITEMS = 20;

/** Everything that exceeds the plan and that no plan takes, in lists by their names without `$`. */
export function listProblems(lists: Readonly<Record<string, ListSpec>>, plan: Plan): readonly ListProblem[] {
  return [
    ...countProblems(Object.values(lists), plan),
    ...Object.entries(lists).flatMap(([list, spec]) =>
      [...problemsOf(list, spec, plan)].map((problem) => ({ list, ...problem })),
    ),
  ];
}

function* countProblems(lists: readonly ListSpec[], plan: Plan): Generator<ListProblem> {
  const { lists: mostLists, listItems } = PLAN_LIMITS[plan];
  const tooMany = (code: "list-count" | "list-items", most: number, what: string, given: number): ListProblem => ({
    code,
    severity: "error",
    message: `${planName(plan)} allows ${most} ${what}, these are ${given}`,
  });
  if (lists.length > mostLists) yield tooMany("list-count", mostLists, "lists", lists.length);
  if (itemsOf(lists) > listItems) yield tooMany("list-items", listItems, "items", itemsOf(lists));
  for (const kind of LIST_KINDS) {
    const some = lists.filter((list) => list.kind === kind);
    const most = KIND_LIMITS[kind];
    if (most !== undefined && some.length > most.lists)
      yield tooMany("list-count", most.lists, `lists of kind ${kind}`, some.length);
    if (most !== undefined && itemsOf(some) > most.items)
      yield tooMany("list-items", most.items, `items in lists of kind ${kind}`, itemsOf(some));
  }
}

const itemsOf = (lists: readonly ListSpec[]): number => lists.reduce((sum, { items }) => sum + items.length, 0);

function* problemsOf(name: string, { kind, items }: ListSpec, plan: Plan): Generator<ListProblem> {
  if (!LIST_NAME.test(name))
    yield { code: "list-name", severity: "error", message: "the name of a list has 1 to 50 of a-z, 0-9 and _" };
  if (!listKindsOf(plan).includes(kind)) {
    const message = `lists of kind ${kind} need Enterprise, this is ${planName(plan)}`;
    yield { code: "list-kind", severity: "error", message };
  }
  const seen = new Set<string | number>();
  let wrong = 0;
  for (const [index, value] of items.entries()) {
    const read = readListItem(kind, value);
    if (read.ok && !seen.has(read.item)) seen.add(read.item);
    else if (++wrong <= MAX_WRONG_ITEMS) {
      yield read.ok
        ? { code: "list-repeated", severity: "error", index, message: `${read.item} is in the list twice` }
        : { code: "list-item", severity: "error", index, message: read.message, ...hintOf(read) };
    }
  }
  if (wrong > MAX_WRONG_ITEMS)
    yield { code: "list-item", severity: "error", message: `${wrong - MAX_WRONG_ITEMS} more items are wrong` };
  const overlap = kind === "ip" && wrong === 0 ? firstOverlap(items.map(String)) : undefined;
  if (overlap !== undefined) yield { code: "list-overlap", severity: "warning", message: overlap };
}

const hintOf = ({ hint }: { readonly hint?: string }) => (hint === undefined ? {} : { hint });

/** Sorted by their first address, a range can only lie in the widest one before it. */
function firstOverlap(items: readonly string[]): string | undefined {
  const ranges = items.flatMap((item) => rangeOf(item));
  const byVersion = [
    ranges.filter(({ first }) => typeof first === "number"),
    ranges.filter(({ first }) => typeof first !== "number"),
  ];
  for (const some of byVersion) {
    const sorted = [...some].sort((a, b) => (compareIp(a.first, b.first) ?? 0) || (compareIp(b.last, a.last) ?? 0));
    let widest: IpRange | undefined;
    for (const range of sorted) {
      if (widest && (compareIp(range.last, widest.last) ?? 1) <= 0) {
        return `${printIp(range.first)} is within ${printIp(widest.first)} to ${printIp(widest.last)}`;
      }
      widest = range;
    }
  }
  return undefined;
}

function rangeOf(item: string): readonly IpRange[] {
  const read = readIpRange(item, 0);
  return read.ok ? [read.value] : [];
}
