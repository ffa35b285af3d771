/** Lists of the policy: what rules compare with by `in $name`. */
import {
  isObject,
  LIST_KINDS,
  type ListKind,
  type ListProblem,
  type ListSpec,
  listProblems,
  MAX_LIST_TEXT,
  PLAN_LIMITS,
  type Plan,
  type ProofDiagnostic,
  planName,
  proofDiagnostic,
  readListItem,
} from "../rules/index.ts";
import { accountMark, type Site } from "./site.ts";
import type { IndexMember } from "./written-files.ts";

/** A list as its author writes it, in `infra/policy/lists/NAME.ts`. It belongs to the account, not to the zone. */
export interface PolicyList {
  /** What rules call it, with `$` in front: 1 to 50 of a-z, 0-9 and `_`. `_` becomes `-` in the name of its file. */
  readonly name: string;
  /** Addresses and networks; hostnames, for `http.host`; or numbers of autonomous systems, for `ip.src.asnum`. */
  readonly kind: ListKind;
  /** One line for the dashboard: what it is for. */
  readonly description: string;
  readonly items: readonly PolicyListItem[];
}

export interface PolicyListItem {
  /** `203.0.113.7`, `203.0.113.0/24`, `2001:db8::/32`; `www.example.com`, `*.example.com`; or `64496`. */
  readonly value: string | number;
  /** Why it is there, and since when. */
  readonly comment?: string;
}

/** How many lists and items an account may have whose largest plan is this one. */
export const listLimits = (plan: Plan): { readonly plan: string; readonly lists: number; readonly items: number } => ({
  plan: planName(plan),
  lists: PLAN_LIMITS[plan].lists,
  items: PLAN_LIMITS[plan].listItems,
});

/** Why a list cannot be deployed. */
export interface PolicyListProblem {
  readonly code: ListProblem["code"];
  /** From the project's folder. */
  readonly file: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly hint?: string;
}

/** The folder of the lists, from the project's folder. */
export const LISTS_FOLDER = "infra/policy/lists";

/** The file of a list, from the project's folder: `office_list` is in `office-list.ts`. */
export const fileOfList = (name: string): string => `${LISTS_FOLDER}/${name.replaceAll("_", "-")}.ts`;

const INDEX = `${LISTS_FOLDER}/index.ts`;

/** Where an element of the index belongs. */
export const listMember = (list: unknown): IndexMember =>
  isObject(list) && typeof list.name === "string"
    ? { ref: list.name, file: fileOfList(list.name) }
    : { file: undefined };

/** The lists with their items as Cloudflare's API keeps them. An item that cannot be read stays as it is. */
export const normalisedLists = (lists: readonly PolicyList[]): readonly PolicyList[] =>
  lists.filter(isList).map((list) => ({
    ...list,
    items: list.items.map((item) => {
      const read = readListItem(list.kind, item.value);
      return read.ok ? { ...item, value: read.item } : item;
    }),
  }));

/**
 * By name, as the engine, `compile` and the lints take them. Items that no list of their kind can hold are left out.
 */
export const listSpecs = (lists: readonly PolicyList[]): Readonly<Record<string, ListSpec>> =>
  Object.fromEntries(
    Object.entries(writtenSpecs(lists)).map(([name, { kind, items }]) => [
      name,
      { kind, items: items.filter((item) => readListItem(kind, item).ok) },
    ]),
  );

/** The kinds of the lists by name: what the validator of rulesets needs of them. */
export const listKinds = (lists: readonly PolicyList[]): Readonly<Record<string, ListKind>> =>
  Object.fromEntries(lists.filter(isList).map(({ name, kind }) => [name, kind]));

/** As their author wrote them. */
const writtenSpecs = (lists: readonly PolicyList[]): Readonly<Record<string, ListSpec>> =>
  Object.fromEntries(
    lists.filter(isList).map(({ name, kind, items }) => [name, { kind, items: items.map(({ value }) => value) }]),
  );

/** Everything that is wrong with the lists on a plan; what is no list at all is in `listShapeDiagnostics`. */
export function policyListProblems(lists: readonly PolicyList[], plan: Plan): readonly PolicyListProblem[] {
  const names = lists.flatMap((list) => (isList(list) ? [list.name] : []));
  return [
    ...lists.flatMap((list) => (isList(list) ? textProblems(list) : [])),
    ...new Set(names.filter((name, index) => names.indexOf(name) !== index)).values().map(repeated),
    ...listProblems(writtenSpecs(lists), plan).map(({ list, code, severity, message, hint, index }) => ({
      code,
      severity,
      file: list === undefined ? INDEX : fileOfList(list),
      message: `${list === undefined ? "" : `$${list}: `}${index === undefined ? "" : `item ${index + 1}: `}${message}`,
      ...(hint === undefined ? {} : { hint }),
    })),
  ];
}

const repeated = (name: string): PolicyListProblem => ({
  code: "list-repeated",
  severity: "error",
  file: fileOfList(name),
  message: `two lists have the name ${name}`,
  hint: "give each its own: rules use a list by its name",
});

/** What the index of the lists holds and is no list, as where a cast has silenced TypeScript. */
export const listShapeDiagnostics = (lists: readonly unknown[]): readonly ProofDiagnostic[] =>
  lists.flatMap((list, index) => {
    if (isList(list)) return [];
    const file = isObject(list) && typeof list.name === "string" ? fileOfList(list.name) : INDEX;
    const hint =
      'it needs `name`, `kind` ("ip", "hostname" or "asn"), `description`, and `items`, each with a `value` and ' +
      "perhaps a `comment`, and nothing else";
    return [proofDiagnostic({ file }, "wrong-type", "", list, `list ${index + 1} of the index is no list`, hint)];
  });

function textProblems({ name, description, items }: PolicyList): readonly PolicyListProblem[] {
  const long = (what: string): PolicyListProblem => ({
    code: "list-text",
    severity: "error",
    file: fileOfList(name),
    message: `$${name}: ${what} is longer than ${MAX_LIST_TEXT} characters`,
    hint: "shorten it",
  });
  return [
    // the mark precedes it
    ...(description.length > MAX_LIST_TEXT - MAX_MARK_LENGTH ? [long("its description, with the stack's mark,")] : []),
    ...items.flatMap(({ comment = "" }, index) =>
      comment.length > MAX_LIST_TEXT ? [long(`the comment of item ${index + 1}`)] : [],
    ),
  ];
}

/** Characters of the longest mark (100 for project and stack, 253 for the zone), of a space and of ": ". */
const MAX_MARK_LENGTH = 356;

/** What the list is called at Cloudflare: the mark of stack and zone, then its description. */
export const markedDescription = (
  site: Pick<Site, "project" | "stack" | "zone">,
  { description }: Pick<PolicyList, "description">,
): string => `${accountMark(site)}: ${description}`;

/** The stack that made a list, by the mark in the list's description. */
export interface ListOwner {
  /** As `accountMark` writes it. */
  readonly mark: string;
  /** `PROJECT/STACK`. */
  readonly stack: string;
  readonly zone: string;
}

/** Undefined where the description has no mark, or one without a zone: then no stack of the kit made the list. */
export function ownerOfList(description: string | undefined): ListOwner | undefined {
  const [, mark, stack, zone] = /^(causeway ([^\s/]+\/[^\s/]+) ([^\s:]+)): /.exec(description ?? "") ?? [];
  return mark === undefined || stack === undefined || zone === undefined ? undefined : { mark, stack, zone };
}

const KINDS: readonly unknown[] = LIST_KINDS;

function isList(list: unknown): list is PolicyList {
  if (!isObject(list)) return false;
  const { name, kind, description, items, ...others } = list;
  return (
    typeof name === "string" &&
    KINDS.includes(kind) &&
    typeof description === "string" &&
    Array.isArray(items) &&
    items.every(isItem) &&
    Object.keys(others).length === 0
  );
}

function isItem(item: unknown): item is PolicyListItem {
  if (!isObject(item)) return false;
  const { value, comment, ...others } = item;
  return (
    (typeof value === "string" || typeof value === "number") &&
    (comment === undefined || typeof comment === "string") &&
    Object.keys(others).length === 0
  );
}
