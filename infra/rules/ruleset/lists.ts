/** Lists that expressions use: https://developers.cloudflare.com/waf/tools/lists/ */
import type { ListUse } from "../check/checker.ts";
import type { ListKind } from "../schema/lists.ts";
import { type Plan, planName } from "../schema/plans.ts";
import { notEntitled, type RulesetValue, type Tell } from "./diagnostic.ts";
import type { CheckedExpression } from "./expression.ts";

const PAGE = "https://developers.cloudflare.com/waf/tools/lists/";

/** Lists of addresses that Cloudflare keeps: https://developers.cloudflare.com/waf/tools/lists/managed-lists/ */
const MANAGED = ["cf.open_proxies", "cf.anonymizer", "cf.vpn", "cf.malware", "cf.botnetcc"];

const FITS = { Ip: "ip", Bytes: "hostname", Int: "asn" } as const;
const ITEMS: Readonly<Record<ListKind, string>> = { ip: "addresses", hostname: "host names", asn: "AS numbers" };

/** Names of the lists that are not Cloudflare's own. */
export function customLists({ lists }: CheckedExpression): readonly string[] {
  return lists.map(({ used }) => used).filter((name) => !name.startsWith("cf."));
}

/** Whether every list that an expression uses exists, is on the plan, and has items of the compared field's type. */
export function checkLists(
  place: RulesetValue,
  checked: CheckedExpression,
  plan: Plan,
  lists: Readonly<Record<string, ListKind>> | undefined,
  tell: Tell,
): void {
  for (const use of checked.lists) {
    if (use.used.startsWith("cf.")) checkManaged(place, use, plan, tell);
    else if (lists) checkCustom(place, use, lists, tell);
  }
}

function checkManaged(place: RulesetValue, { used: name, span }: ListUse, plan: Plan, tell: Tell): void {
  const page = `${PAGE}managed-lists/`;
  if (!MANAGED.includes(name)) {
    const hint = `there are ${MANAGED.map((one) => `$${one}`).join(", ")}`;
    tell(place, { code: "unknown-list", message: `Cloudflare has no managed list $${name}`, hint, span, page });
  } else if (plan !== "enterprise") {
    tell(place, {
      code: "list-plan",
      message: `the managed list $${name} needs Enterprise, this is ${planName(plan)}`,
      hint: "use a list of your own",
      span,
      page,
      api: notEntitled(`the managed list ${name}`),
    });
  }
}

function checkCustom(
  place: RulesetValue,
  { used: name, span, type }: ListUse,
  lists: Readonly<Record<string, ListKind>>,
  tell: Tell,
): void {
  const kind = Object.hasOwn(lists, name) ? lists[name] : undefined;
  if (kind === undefined) {
    const known = Object.keys(lists).slice(0, 20);
    const hint =
      known.length > 0
        ? `lists: ${known.map((one) => `$${one}`).join(", ")}`
        : "write the list in a file of its own, and add it to lists/index.ts";
    tell(place, { code: "unknown-list", message: `there is no list $${name}`, hint, span, page: PAGE });
  } else if (kind !== FITS[type]) {
    tell(place, {
      code: "list-kind",
      message: `$${name} is a list of ${ITEMS[kind]}, which this field is not`,
      hint: `the field needs a list of ${ITEMS[FITS[type]]}`,
      span,
      page: PAGE,
    });
  }
}
