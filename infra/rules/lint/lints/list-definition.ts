import type { ListKind, ListSpec } from "../../evaluate/lists.ts";
import { compareIp, type IpRange, printIp } from "../../language/ip-address.ts";
import { readIpRange } from "../../language/read-literal.ts";
import { PLAN_LIMITS, planName } from "../../schema/plans.ts";
import type { Lint } from "../lint.ts";

export const listDefinition: Lint = {
  name: "list-definition",
  severity: "error",
  about: "A list has a valid name, items of its kind, no duplicates, and room on the plan.",
  *inPolicy({ plan, input: { lists = {} } }) {
    const names = Object.keys(lists);
    const limits = PLAN_LIMITS[plan];
    const total = Object.values(lists).reduce((sum, { items }) => sum + items.length, 0);
    if (names.length > limits.lists)
      yield {
        property: "lists",
        message: `${planName(plan)} has room for ${limits.lists} lists, these are ${names.length}`,
      };
    if (total > limits.listItems)
      yield {
        property: "lists",
        message: `${planName(plan)} has room for ${limits.listItems} items, these are ${total}`,
      };
    for (const [name, list] of Object.entries(lists)) {
      const property = `lists.${name}`;
      if (!/^[a-z0-9_]{1,50}$/.test(name))
        yield { property, message: "the name of a list has 1 to 50 of a-z, 0-9 and _" };
      if (list.kind !== "ip" && plan !== "enterprise")
        yield { property, message: `lists of kind ${list.kind} need Enterprise, this is ${planName(plan)}` };
      for (const problem of problemsOf(list)) yield { property, ...problem };
    }
  },
};

function* problemsOf({
  kind,
  items: given,
}: ListSpec): Generator<{ readonly message: string; readonly severity?: "warning" }> {
  const items = given.map(String);
  const wrong = items.find((item) => !isItem(kind, item));
  if (wrong !== undefined) yield { message: `${wrong} is no item of a list of kind ${kind}` };
  const seen = new Set<string>();
  for (const item of items) {
    if (seen.has(item.toLowerCase())) {
      yield { severity: "warning", message: `${item} is in the list twice` };
      break;
    }
    seen.add(item.toLowerCase());
  }
  const overlap = kind === "ip" ? firstOverlap(items) : undefined;
  if (overlap) yield { severity: "warning", message: overlap };
}

function isItem(kind: ListKind, item: string): boolean {
  if (kind === "asn") return /^[0-9]{1,10}$/.test(item) && Number(item) <= 0xffffffff;
  if (kind === "hostname")
    return /^(?:\*\.)?(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z0-9-]{2,63}$/.test(item);
  return rangeOf(item) !== undefined;
}

function rangeOf(item: string): IpRange | undefined {
  const read = readIpRange(item, 0);
  return read.ok && read.end === item.length && !item.includes("..") ? read.value : undefined;
}

/** Sorted by their first address, a range can only lie in the widest one before it. */
function firstOverlap(items: readonly string[]): string | undefined {
  const ranges = items.flatMap((item) => rangeOf(item) ?? []);
  const byVersion = [
    ranges.filter(({ first }) => typeof first === "number"),
    ranges.filter(({ first }) => typeof first !== "number"),
  ];
  for (const some of byVersion) {
    const sorted = [...some].sort((a, b) => (compareIp(a.first, b.first) ?? 0) || (compareIp(b.last, a.last) ?? 0));
    let widest: IpRange | undefined;
    for (const range of sorted) {
      if (widest && (compareIp(range.last, widest.last) ?? 1) <= 0 && compareIp(range.first, widest.first) !== 0) {
        return `${printIp(range.first)} is within ${printIp(widest.first)} to ${printIp(widest.last)}`;
      }
      if (!widest || (compareIp(range.last, widest.last) ?? 0) > 0) widest = range;
    }
  }
  return undefined;
}
