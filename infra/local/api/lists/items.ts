/** Items of lists, as a body gives them and as the API keeps them. */
import { isDeepStrictEqual } from "node:util";
import { type ListKind, MAX_LIST_TEXT, readListItem } from "../../../rules/index.ts";
import type { Clock } from "../clock.ts";
import { ApiError, invalid } from "../errors.ts";
import { newId } from "../ids.ts";
import { type BodyShape, flag, integer, list, type Misfit, object, text } from "../shape.ts";
import type { StoredList, StoredListItem } from "../state.ts";
import { itemValue } from "./spec.ts";

/** Items of one body; the plan has a limit of its own. */
const MAX_ITEMS = 500_000;

const comment = text({ max: MAX_LIST_TEXT });
const shapes: Readonly<Record<ListKind, BodyShape>> = {
  ip: object({ "ip*": text({ min: 1, max: 100 }), comment }),
  hostname: object({
    "hostname*": object({ "url_hostname*": text({ min: 1, max: 255 }), exclude_exact_hostname: flag }),
    comment,
  }),
  asn: object({ "asn*": integer(0, 0xffffffff), comment }),
};

type GivenItem = Pick<StoredListItem, "ip" | "hostname" | "asn" | "comment">;

/**
 * The items of a body, normalised. @throws 400 code 10028 with the place of the item, for one that the kind cannot hold
 * or that is there twice (terraform-provider-cloudflare#5995); the rest of the text is ours
 */
export function readItems(kind: ListKind, body: unknown): readonly GivenItem[] {
  const misfit = list(shapes[kind], MAX_ITEMS)(body, "");
  if (misfit) throw refuseBody(misfit);
  const seen = new Set<string | number>();
  return (body as readonly GivenItem[]).map((given, index) => {
    const read = readListItem(kind, given.ip ?? given.hostname?.url_hostname ?? given.asn ?? "");
    if (!read.ok) throw refuseItem(kind, index, `${read.message}${read.hint === undefined ? "" : `; ${read.hint}`}`);
    if (seen.has(read.item)) throw refuseItem(kind, index, "filters.api.duplicate_item_value");
    seen.add(read.item);
    return { ...given, ...normalised(given, read.item) };
  });
}

function normalised({ ip, hostname }: GivenItem, item: string | number): GivenItem {
  if (ip !== undefined) return { ip: String(item) };
  return hostname === undefined ? { asn: Number(item) } : { hostname: { ...hostname, url_hostname: String(item) } };
}

/**
 * The numeric code of what is no list of items at all is that of malformed JSON (terraform-provider-cloudflare#5016).
 */
export const refuseBody = ({ pointer, message }: Misfit): ApiError =>
  invalid(10026, `filters.api.invalid_json: ${pointer || "/"} ${message}`, pointer);

const refuseItem = (kind: ListKind, index: number, why: string): ApiError =>
  new ApiError(400, {
    code: 10028,
    message: `invalid value for ${kind} at position ${index}: ${why}`,
    source: { parameter_value_index: index },
  });

/** The list with these items in the place of its own; an item that was there keeps its id. */
export function withItems(before: StoredList, given: readonly GivenItem[], clock: Clock): StoredList {
  const now = clock.timestamp();
  const known = new Map(before.items.map((item) => [itemValue(item), item]));
  const items = given.map((item): StoredListItem => {
    const fresh = { id: newId(), ...item, created_on: now, modified_on: now };
    const same = known.get(itemValue(fresh));
    if (same === undefined) return fresh;
    const { id, created_on, modified_on, ...content } = same;
    return { ...fresh, id, created_on, ...(isDeepStrictEqual(content, item) ? { modified_on } : {}) };
  });
  return { ...before, items, modified_on: now, revision: before.revision + 1 };
}

/** The list with these items beside its own; an item that was there takes the new comment. */
export function withMoreItems(before: StoredList, given: readonly GivenItem[], clock: Clock): StoredList {
  const added = new Set(given.map((item) => itemValue({ id: "", created_on: "", modified_on: "", ...item })));
  const kept = before.items.filter((item) => !added.has(itemValue(item))).map(contentOf);
  return withItems(before, [...kept, ...given], clock);
}

/** The list without the items that have these ids. */
export function withoutItems(before: StoredList, ids: ReadonlySet<string>, clock: Clock): StoredList {
  const kept = before.items.filter(({ id }) => !ids.has(id)).map(contentOf);
  return withItems(before, kept, clock);
}

const contentOf = ({ id: _id, created_on: _created, modified_on: _modified, ...content }: StoredListItem): GivenItem =>
  content;
