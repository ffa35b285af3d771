/**
 * Limits of custom lists, as of 2026-11: https://developers.cloudflare.com/waf/tools/lists/custom-lists/ and
 * https://developers.cloudflare.com/waf/tools/lists/#availability. `PLAN_LIMITS` has the numbers of lists
 * and items of a plan.
 */
import type { Plan } from "./plans.ts";

/** What the items of a list are: addresses and networks, hostnames, or numbers of autonomous systems. */
export const LIST_KINDS = ["ip", "hostname", "asn"] as const;
export type ListKind = (typeof LIST_KINDS)[number];

/** What a list may be called; expressions name it with `$` in front. */
export const LIST_NAME = /^[a-z0-9_]{1,50}$/;

/** Characters of a list's description and of an item's comment. The page gives no number: this one is ours. */
export const MAX_LIST_TEXT = 500;

/** Bits of a network's prefix, by version: the smallest number is the largest network. */
export const LIST_PREFIXES = { 4: { min: 8, max: 32 }, 6: { min: 12, max: 128 } } as const;

/** The kinds of lists that a plan has. */
export const listKindsOf = (plan: Plan): readonly ListKind[] => (plan === "enterprise" ? LIST_KINDS : ["ip"]);

/** Lists and items of one kind, where they have limits beside those of the plan. */
export const KIND_LIMITS: Readonly<Partial<Record<ListKind, { readonly lists: number; readonly items: number }>>> = {
  hostname: { lists: 40, items: 10_000 },
  asn: { lists: 40, items: 30_000 },
};
