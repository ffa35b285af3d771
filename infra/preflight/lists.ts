import {
  accountMark,
  adoptedListOf,
  fileOfList,
  listLimits,
  ownerOfList,
  type PolicyList,
} from "../policy/without-rules.ts";
import { listResource } from "../resources/compile.ts";
import { type FoundItem, keptAsFound, listAsFound } from "./as-found.ts";
import type { Obstacle } from "./obstacle.ts";
import { type PermissionName, permissionForLists } from "./permissions.ts";
import {
  adoptedMissing,
  adoptionRemoved,
  blockedBy,
  importing,
  NOTHING,
  otherStack,
  type PreflightFinding,
  replacedElsewhere,
  type Search,
  wasAdopted,
} from "./place.ts";
import { type ReadResult, reading } from "./reading.ts";

/** The permission that a token needs for lists, by its name in the API. */
export const LISTS_PERMISSION = "Account Filter Lists Edit" satisfies PermissionName;

/** A list, as far as it matters here. */
interface ListedList {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly description?: string;
  readonly num_items: number;
}

/** What was found of the policy's lists. */
export interface ListFindings {
  readonly findings: readonly PreflightFinding[];
  /** Names of the lists that do not exist yet. */
  readonly missing: ReadonlySet<string>;
}

/** Looks at the account's lists of these names. Without lists nothing is read, and no permission is needed. */
export async function findLists(search: Search, lists: readonly PolicyList[]): Promise<ListFindings> {
  if (lists.length === 0) return { findings: [], missing: new Set() };
  const read = await readLists(search, permissionForLists(search.site, lists));
  if ("obstacle" in read) return { findings: [blockedBy(read.obstacle)], missing: new Set() };
  const found = new Map<string, ListedList>(read.value.map((list) => [list.name, list]));
  const names = new Set(lists.map(({ name }) => name));
  const rest = read.value.filter(({ name }) => !names.has(name));
  const findings = await Promise.all(lists.map((list) => findList(search, list, found.get(list.name))));
  return {
    findings: [...findings, limitFinding(search, lists, { standing: read.value, rest })],
    missing: new Set([...names].filter((name) => !found.has(name))),
  };
}

/**
 * Lists with the stack's mark that its state does not have, whatever the policy names. A token that may not read lists
 * made none.
 */
export async function findMarkedLists(search: Search): Promise<PreflightFinding> {
  const { account, site, known } = search;
  const read = await readLists(search);
  if ("obstacle" in read) return read.obstacle.code === "permission" ? NOTHING : blockedBy(read.obstacle);
  const own = read.value.filter((list) => {
    const isKnown = known[listResource(list.name)] === list.id;
    return hasOwnMark(search, list) && !isKnown && !site.sharedLists?.includes(list.name);
  });
  return {
    obstacles: [],
    imports: Object.fromEntries(own.map(({ id, name }) => [listResource(name), `${account.accountId}/${id}`])),
  };
}

const readLists = (
  { api, account }: Search,
  permission: PermissionName = LISTS_PERMISSION,
): Promise<ReadResult<readonly ListedList[]>> =>
  reading("the lists of the account", permission, async () => {
    return (await api.rules.lists.list({ account_id: account.accountId })).result;
  });

/**
 * Lists belong to the account, whose plan is not known: its limits are taken for those of the zone's plan, unless it
 * has more already. A list that the run deletes goes last, after what rules use in its place was made.
 */
function limitFinding(
  search: Search,
  lists: readonly PolicyList[],
  { standing, rest }: { readonly standing: readonly ListedList[]; readonly rest: readonly ListedList[] },
): PreflightFinding {
  const limits = listLimits(search.account.plan);
  const fits = (count: number, items: number) => count <= limits.lists && items <= limits.items;
  const leaving = rest.filter((list) => isDeleted(search, list));
  const others = rest.filter((list) => !leaving.includes(list));
  const countAfter = lists.length + others.length;
  const itemsAfter = sum(lists.map((list) => list.items.length)) + itemsOf(others);
  const limitText = `${limits.plan} allows ${limits.lists} with ${limits.items}`;
  if (!fits(countAfter, itemsAfter)) {
    return {
      ...NOTHING,
      warnings: [
        `With ${dollarNames(others)} of others the account will have ${countAfter} lists with ${itemsAfter} ` +
          `items; ${limitText}. Unless another zone of the account has a larger plan, the run fails at its first ` +
          "list.",
      ],
    };
  }
  const count = countAfter + leaving.length;
  const items = itemsAfter + itemsOf(leaving);
  if (fits(count, items) || !fits(standing.length, itemsOf(standing))) return NOTHING;
  const kept = new Set(standing.map(({ name }) => name));
  const made = lists.filter(({ name }) => !kept.has(name));
  return blockedBy({
    code: "list_limit",
    found:
      `the run deletes ${dollarNames(leaving)} only after it has written the other lists, and the account has ` +
      `${count} lists with ${items} items until then; ${limitText}`,
    fix:
      made.length === 0
        ? `Keep the other lists as they are in the run that deletes ${dollarNames(leaving)}, and change them in the ` +
          "next one."
        : `Take ${dollarNames(made)} out of the policy, with the rules that use it, for the run that deletes ` +
          `${dollarNames(leaving)}; add it in the next one.`,
  });
}

/**
 * Whether the run deletes a list that the policy does not have: one of the state, unless it was taken over from others.
 */
const isDeleted = (search: Search, { id, name }: ListedList): boolean =>
  search.known[listResource(name)] === id && !wasAdopted(search, listResource(name));

const dollarNames = (lists: readonly { readonly name: string }[]): string =>
  lists.map(({ name }) => `$${name}`).join(", ");

const itemsOf = (lists: readonly ListedList[]): number => sum(lists.map(({ num_items }) => num_items));

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

async function findList(search: Search, list: PolicyList, found: ListedList | undefined): Promise<PreflightFinding> {
  const { site, known, account } = search;
  const { name, kind } = list;
  const resource = listResource(name);
  const knownId = known[resource];
  if (site.sharedLists?.includes(name)) return checkShared(search, list, found);
  const adopted = adoptedListOf(site, name);
  if (found === undefined || (adopted !== undefined && adopted.id !== found.id)) {
    return adopted === undefined ? NOTHING : adoptedMissing(`list ${adopted.id} with the name ${name}`);
  }
  const what = `a list $${name} of kind ${found.kind} (${found.id})`;
  if (found.id !== knownId && knownId !== undefined) {
    return blockedBy(replacedElsewhere(`$${name}`, `the list ${knownId}`, what));
  }
  const adopt = { lists: { [name]: { id: found.id, description: found.description ?? "" } } };
  if (found.id === knownId || hasOwnMark(search, found) || adopted !== undefined) {
    // Cloudflare changes no list's kind, and deletes none that a rule uses
    if (found.kind !== kind) return blockedBy(otherKind(list, what));
    if (adopted !== undefined) return adoptedList(search, list, found);
    if (wasAdopted(search, resource)) return blockedBy(adoptionRemoved(`the list $${name}`, adopt));
    return found.id === knownId ? NOTHING : importing(resource, `${account.accountId}/${found.id}`);
  }
  const owner = ownerOfList(found.description);
  if (owner !== undefined) {
    const { code, fix } = otherStack(owner.stack, what);
    return blockedBy({
      code,
      found: `the stack ${owner.stack} of the zone ${owner.zone} has ${what}`,
      fix:
        `Leave it to that stack, or give yours another name in ${fileOfList(name)}. ` +
        `${fix.replace("Use another zone, or e", "Or e")}`,
      share: name,
    });
  }
  return blockedBy({
    code: "list_taken",
    found:
      `the account has ${what} already, with ` +
      `${found.num_items === 1 ? "one item" : `${found.num_items} items`}${described(found)}`,
    fix: `Take it over, or leave it to its owner, or give yours another name in ${fileOfList(name)}.`,
    ...(found.kind === kind ? { adopt, share: name } : {}),
  });
}

const hasOwnMark = ({ site }: Search, { description }: ListedList): boolean =>
  ownerOfList(description)?.mark === accountMark(site);

const described = ({ description = "" }: ListedList): string => (description === "" ? "" : `: "${description}"`);

const otherKind = ({ name, kind }: PolicyList, what: string) => ({
  code: "list_kind",
  found: `there is ${what}, and ${fileOfList(name)} has the kind ${kind}`,
  fix: "A list keeps its kind, and cannot be deleted while a rule uses it: give the list another name.",
});

function checkShared(search: Search, list: PolicyList, found: ListedList | undefined): PreflightFinding {
  const { name, kind, items } = list;
  if (found === undefined) {
    return blockedBy({
      code: "shared_list_missing",
      found: `\`sharedLists\` names $${name}, and the account has no such list`,
      fix: "Deploy the stack that keeps it first, or take the name out of `sharedLists` so that this stack makes it.",
    });
  }
  const what = `a list $${name} of kind ${found.kind} (${found.id})`;
  if (found.kind !== kind) return blockedBy(otherKind(list, what));
  if (search.known[listResource(name)] !== undefined || hasOwnMark(search, found)) {
    return blockedBy({
      code: "shared_list_own",
      found: `\`sharedLists\` names $${name}, which this stack made: it would be deleted`,
      fix: "Take the name out of `sharedLists`.",
    });
  }
  if (found.num_items === items.length) return NOTHING;
  const warning =
    `$${name} has ${found.num_items} items at Cloudflare and ${items.length} in ${fileOfList(name)}, ` +
    "which writes none of them: " +
    "what was tried here may not be what is deployed.";
  return { ...NOTHING, warnings: [warning] };
}

/**
 * The policy must have all of its items, in every run: items of others are never removed. An item that excludes the
 * exact hostname stops the run as well: a file cannot express it, and a change of the list would drop it.
 */
async function adoptedList(search: Search, list: PolicyList, found: ListedList): Promise<PreflightFinding> {
  const { api, account, known } = search;
  const { accountId } = account;
  const resource = listResource(list.name);
  const read = await reading(`the items of the list $${list.name}`, LISTS_PERMISSION, async () => {
    const items: FoundItem[] = [];
    for await (const item of api.rules.lists.items.list(found.id, { account_id: accountId, per_page: 500 })) {
      if (!("redirect" in item)) items.push(item);
    }
    return items;
  });
  if ("obstacle" in read) return blockedBy(read.obstacle);
  const own = new Set(list.items.map(({ value }) => value));
  const lost = read.value.filter((item) => !own.has(valueOfItem(item)));
  const narrowed = read.value.filter(({ hostname }) => hostname?.exclude_exact_hostname === true);
  const obstacles: readonly Obstacle[] = [
    {
      code: "adopted_items",
      items: lost,
      found: `${fileOfList(list.name)} does not have these items of the list that \`adopt\` names`,
      fix: "The run would remove them: put them into the file, or delete them at Cloudflare.",
    },
    {
      code: "adopted_exact_hostname",
      items: narrowed,
      found: `these items of the list $${list.name}, which \`adopt\` names, have \`exclude_exact_hostname\``,
      fix:
        "A file cannot say so, and the run would let them match the hostname itself as well. Set it to false at " +
        "Cloudflare if that is right; or leave the list to its owner: remove it from `adopt`, and share it.",
    },
  ].flatMap(({ items, found: what, ...rest }) =>
    items.length === 0 ? [] : [{ ...rest, found: `${what}: ${shownItems(items)}` }],
  );
  if (obstacles.length > 0) return blockedBy(...obstacles);
  if (known[resource] !== undefined) return { ...NOTHING, asFound: keptAsFound(resource, undefined) };
  const asFound = keptAsFound(resource, listAsFound(accountId, found.id, read.value));
  return { ...importing(resource, `${accountId}/${found.id}`), asFound };
}

/** At most 20 of them. */
function shownItems(items: readonly FoundItem[]): string {
  const shown = items.slice(0, 20).map((item) => JSON.stringify({ value: valueOfItem(item), ...commentOf(item) }));
  return `${shown.join(", ")}${items.length > shown.length ? ` and ${items.length - shown.length} more` : ""}`;
}

const commentOf = ({ comment }: FoundItem) => (comment === undefined ? {} : { comment });
const valueOfItem = ({ ip, hostname, asn }: FoundItem): string | number => ip ?? hostname?.url_hostname ?? asn ?? "";
