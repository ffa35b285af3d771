/** Custom lists of accounts (https://developers.cloudflare.com/waf/tools/lists/lists-api/endpoints/). */
import { LIST_NAME, listProblems, MAX_LIST_TEXT } from "../../../rules/index.ts";
import { ApiError, invalid, notEntitled, notFound } from "../errors.ts";
import { accountOf, bodyOf } from "../http/handler-call.ts";
import type { ApiRoute, HandlerCall, HandlerResult, Method } from "../http/router.ts";
import { newId } from "../ids.ts";
import { readItems, refuseBody, withItems, withMoreItems, withoutItems } from "../lists/items.ts";
import { referencesTo } from "../lists/references.ts";
import { listSpecsOf } from "../lists/spec.ts";
import { scopeOf } from "../rulesets/scope.ts";
import { list, object, oneOf, text } from "../shape.ts";
import type { StoredAccount, StoredList, StoredListItem } from "../state.ts";

const description = text({ max: MAX_LIST_TEXT });
/** Lists of redirects are not imitated. */
const creation = object({
  "name*": text({ pattern: LIST_NAME, what: "a name of 1 to 50 of a-z, 0-9 and _" }),
  "kind*": oneOf("ip", "hostname", "asn"),
  description,
});
const change = object({ description });
const removal = object({ "items*": list(object({ "id*": text({ min: 1, max: 64 }) }), 500_000) });

/** Operations that are remembered. */
const MAX_OPERATIONS = 100;
/** Items up to which an operation has ended when its request is responded to. */
const QUICK_ITEMS = 1000;
/** Milliseconds that a larger one takes. */
const LONG_OPERATION_MS = 1000;
/** Items of one page. */
const PAGE_SIZE = 500;

const READ = "Account Filter Lists Read";
const EDIT = "Account Filter Lists Edit";

/** The account, with a right checked. */
function accountWithPermission(call: HandlerCall, group: typeof READ | typeof EDIT): StoredAccount {
  const account = accountOf(call);
  call.requirePermission(group);
  return account;
}

/** The numeric code is ours. */
function listOf(call: HandlerCall, account: StoredAccount): StoredList {
  const found = account.lists?.find(({ id }) => id === call.params.list);
  if (!found) throw notFound(10030, `could not find list ${call.params.list?.slice(0, 64)}`);
  return found;
}

function shown(call: HandlerCall, account: StoredAccount, stored: StoredList) {
  const { items, revision: _revision, ...content } = stored;
  const references = referencesTo(call.state, account.id, stored);
  return { ...content, num_items: items.length, num_referencing_filters: references };
}

/** Stores the account's lists, and reports a change of each of its zones: their rules may name the lists. */
function store(call: HandlerCall, account: StoredAccount, lists: StoredList[]): void {
  account.lists = lists;
  for (const zone of call.state.zones) {
    if (zone.account_id === account.id) call.reportChange({ kind: "zone", id: zone.id });
  }
}

const replaced = (account: StoredAccount, next: StoredList): StoredList[] =>
  (account.lists ?? []).map((one) => (one.id === next.id ? next : one));

function create(call: HandlerCall): HandlerResult {
  const account = accountWithPermission(call, EDIT);
  const body = bodyOf(call, creation, refuseBody);
  const name = String(body.name);
  const lists = account.lists ?? [];
  // the numeric code is ours
  if (lists.some((one) => one.name === name)) throw invalid(10033, `filters.api.list_name_taken: ${name}`, "/name");
  const now = call.clock.timestamp();
  const next: StoredList = {
    id: newId(),
    name,
    kind: body.kind as StoredList["kind"],
    description: String(body.description ?? ""),
    created_on: now,
    modified_on: now,
    revision: 1,
    items: [],
  };
  const problem = limitProblem(call, [...lists, next]);
  if (problem !== undefined) throw notEntitled(`not entitled: ${problem}`, "/kind");
  store(call, account, [...lists, next]);
  return { result: shown(call, account, next) };
}

/** Why the lists exceed the account's plan; undefined where they do not. */
function limitProblem(call: HandlerCall, lists: readonly StoredList[]): string | undefined {
  const { plan } = scopeOf(call);
  const codes = new Set<string>(["list-count", "list-kind", "list-items"]);
  return listProblems(listSpecsOf(lists), plan).find(({ code }) => codes.has(code))?.message;
}

function update(call: HandlerCall): HandlerResult {
  const account = accountWithPermission(call, EDIT);
  const before = listOf(call, account);
  const body = bodyOf(call, change, refuseBody);
  const next = {
    ...before,
    description: String(body.description ?? before.description),
    modified_on: call.clock.timestamp(),
    revision: before.revision + 1,
  };
  store(call, account, replaced(account, next));
  return { result: shown(call, account, next) };
}

function remove(call: HandlerCall): HandlerResult {
  const account = accountWithPermission(call, EDIT);
  const { id, ...stored } = listOf(call, account);
  if (referencesTo(call.state, account.id, { id, ...stored }) > 0) throw invalid(10031, "filters.api.ip_list_in_use");
  store(
    call,
    account,
    (account.lists ?? []).filter((other) => other.id !== id),
  );
  return { result: { id } };
}

/** Changes the items of a list. The change has been made, or refused as a whole, when the operation ends. */
function editItems(
  edit: (call: HandlerCall, before: StoredList) => { readonly next: StoredList; readonly changed: number },
) {
  return (call: HandlerCall): HandlerResult => {
    const account = accountWithPermission(call, EDIT);
    const before = listOf(call, account);
    const operations = account.list_operations ?? [];
    const now = call.clock.timestamp();
    if (operations.some(({ completed }) => completed > now)) {
      // the numeric code is ours
      throw new ApiError(
        429,
        { code: 10040, message: "a bulk operation of this account is still pending" },
        { "retry-after": "1" },
      );
    }
    const { next, changed } = edit(call, before);
    const lists = replaced(account, next);
    const error = limitProblem(call, lists);
    const wait = changed > QUICK_ITEMS ? LONG_OPERATION_MS : 0;
    const operation = {
      id: newId(),
      completed: new Date(call.clock.now() + wait).toISOString(),
      ...(error === undefined ? {} : { error }),
    };
    account.list_operations = [...operations, operation].slice(-MAX_OPERATIONS);
    store(call, account, error === undefined ? lists : (account.lists ?? []));
    return { result: { operation_id: operation.id } };
  };
}

const replaceItems = editItems((call, before) => {
  const items = readItems(before.kind, call.body);
  return { next: withItems(before, items, call.clock), changed: items.length };
});

const addItems = editItems((call, before) => {
  const items = readItems(before.kind, call.body);
  return { next: withMoreItems(before, items, call.clock), changed: items.length };
});

const removeItems = editItems((call, before) => {
  const body = bodyOf(call, removal, refuseBody);
  const ids = new Set((body.items as readonly { readonly id: string }[]).map(({ id }) => id));
  return { next: withoutItems(before, ids, call.clock), changed: ids.size };
});

/** Pages by cursor: the cursor is the id of the last item of the page before. */
function listItems(call: HandlerCall): HandlerResult {
  const { items } = listOf(call, accountWithPermission(call, READ));
  const search = (call.query.get("search") ?? "").toLowerCase();
  const found = search === "" ? items : items.filter((item) => textOf(item).includes(search));
  const perPage = Number(call.query.get("per_page") || PAGE_SIZE);
  if (!Number.isInteger(perPage) || perPage < 1 || perPage > PAGE_SIZE) {
    // the numeric code is ours
    throw invalid(1004, `per_page must be a whole number between 1 and ${PAGE_SIZE}`);
  }
  const cursor = call.query.get("cursor");
  const from = cursor === null || cursor === "" ? 0 : found.findIndex(({ id }) => id === cursor) + 1;
  const result = found.slice(from, from + perPage);
  const last = result.at(-1);
  const hasMore = from + perPage < found.length && last !== undefined;
  return { result, ...(hasMore ? { resultInfo: { cursors: { after: last.id } } } : {}) };
}

const textOf = ({ ip, hostname, asn, comment }: StoredListItem): string =>
  [ip, hostname?.url_hostname, asn, comment].join(" ").toLowerCase();

function readItem(call: HandlerCall): HandlerResult {
  const found = listOf(call, accountWithPermission(call, READ)).items.find(({ id }) => id === call.params.item);
  // the numeric code is ours
  if (!found) throw notFound(10032, `could not find item ${call.params.item?.slice(0, 64)}`);
  return { result: found };
}

function readOperation(call: HandlerCall): HandlerResult {
  const { list_operations: operations = [] } = accountWithPermission(call, READ);
  const found = operations.find(({ id }) => id === call.params.operation);
  // the numeric code is ours
  if (!found) throw notFound(10034, `could not find bulk operation ${call.params.operation?.slice(0, 64)}`);
  const { id, completed, error } = found;
  if (completed > call.clock.timestamp()) return { result: { id, status: "pending" } };
  return {
    result: error === undefined ? { id, status: "completed", completed } : { id, status: "failed", completed, error },
  };
}

const handlers: readonly [Method, string, ApiRoute["handle"], ApiRoute["body"]?][] = [
  [
    "GET",
    "",
    (call) => {
      const account = accountWithPermission(call, READ);
      return { result: (account.lists ?? []).map((stored) => shown(call, account, stored)) };
    },
  ],
  ["POST", "", create, "required"],
  ["GET", "/bulk_operations/:operation", readOperation],
  [
    "GET",
    "/:list",
    (call) => {
      const account = accountWithPermission(call, READ);
      return { result: shown(call, account, listOf(call, account)) };
    },
  ],
  ["PUT", "/:list", update, "required"],
  ["DELETE", "/:list", remove],
  ["GET", "/:list/items", listItems],
  ["POST", "/:list/items", addItems, "required"],
  ["PUT", "/:list/items", replaceItems, "required"],
  ["DELETE", "/:list/items", removeItems, "required"],
  ["GET", "/:list/items/:item", readItem],
];

export const listRoutes: readonly ApiRoute[] = handlers.map(([method, path, handle, body]) => ({
  method,
  path: `/accounts/:account/rules/lists${path}`,
  handle,
  ...(body ? { body } : {}),
}));
