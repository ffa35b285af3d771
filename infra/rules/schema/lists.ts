/**
 * Limits of custom lists, as of 2026-11: https://developers.cloudflare.com/waf/tools/lists/custom-lists/ and
 * https://developers.cloudflare.com/waf/tools/lists/#availability. How many lists and items a plan has stands in
 * `PLAN_LIMITS`.
 */
import type { Plan } from "./plans.ts";

/** What the items of a list are: addresses and networks, hostnames, or numbers of autonomous systems. */
export type ListKind = "ip" | "hostname" | "asn";

/** What a list may be called; expressions name it with `$` in front. */
export const LIST_NAME = /^[a-z0-9_]{1,50}$/;

/** Characters of a list's description and of an item's comment. The page gives no number: this one is ours. */
export const MAX_LIST_TEXT = 500;

/** Bits of a network's prefix, by version: the smallest number is the largest network. */
export const LIST_PREFIXES = { 4: { min: 8, max: 32 }, 6: { min: 12, max: 128 } } as const;

/** The kinds of lists that a plan has. */
export const listKindsOf = (plan: Plan): readonly ListKind[] =>
  plan === "enterprise" ? ["ip", "hostname", "asn"] : ["ip"];

/** Lists and items of one kind, where they have limits beside those of the plan. */
export const KIND_LIMITS: Readonly<Partial<Record<ListKind, { readonly lists: number; readonly items: number }>>> = {
  hostname: { lists: 40, items: 10_000 },
  asn: { lists: 40, items: 30_000 },
};
