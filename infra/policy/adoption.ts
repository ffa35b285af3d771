import { isObject, type Phase, type Rule } from "../rules/index.ts";
import { POLICY_PHASES } from "./phases.ts";
import type { AdoptedList, AdoptedRuleset, Adoption } from "./site.ts";

/** What is wrong with one member of `adopt`. */
export interface AdoptionProblem {
  /** Path below `adopt`; empty for the whole. */
  readonly path: string;
  readonly given: unknown;
  readonly expected: string;
}

/** Phases in which the policy has rules, so that a ruleset can be taken over. */
const PHASES: readonly Phase[] = POLICY_PHASES.map(({ phase }) => phase);

/** Reads the configuration key `adopt`, in the shape that preflight prints; every problem goes to `report`. */
export function readAdoption(value: unknown, report: (problem: AdoptionProblem) => void): Adoption | undefined {
  if (!isObject(value)) {
    report({
      path: "",
      given: value,
      expected: "what preflight printed: tunnel, records, rulesets and lists to take over",
    });
    return undefined;
  }
  const { tunnel, records = {}, rulesets = {}, lists = {}, ...others } = value;
  for (const [path, given] of Object.entries(others)) {
    report({ path, given, expected: "no such member; there are tunnel, records, rulesets, lists" });
  }
  if (
    tunnel !== undefined &&
    !(typeof tunnel === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(tunnel))
  ) {
    report({ path: "tunnel", given: tunnel, expected: "the id of a tunnel, a UUID" });
  }
  const recordIds = isObject(records) ? records : {};
  if (!isObject(records)) report({ path: "records", given: records, expected: "ids of DNS records by hostname" });
  for (const [hostname, id] of Object.entries(recordIds)) {
    if (!isHexId(id))
      report({ path: `records.${hostname}`, given: id, expected: "the id of a DNS record: 32 hex digits" });
  }
  const byPhase = isObject(rulesets) ? rulesets : {};
  if (!isObject(rulesets)) report({ path: "rulesets", given: rulesets, expected: "rulesets by phase" });
  for (const [phase, ruleset] of Object.entries(byPhase)) {
    if (!PHASES.some((known) => known === phase)) {
      report({ path: `rulesets.${phase}`, given: phase, expected: `a phase of the policy: ${PHASES.join(", ")}` });
    } else if (!isRuleset(ruleset)) {
      report({
        path: `rulesets.${phase}`,
        given: ruleset,
        expected: "id, name, description and rules, each rule with ref, expression and action",
      });
    }
  }
  const byName = isObject(lists) ? lists : {};
  if (!isObject(lists)) report({ path: "lists", given: lists, expected: "lists by name" });
  for (const [name, list] of Object.entries(byName)) {
    if (!isAdoptedList(list)) report({ path: `lists.${name}`, given: list, expected: "id and description of a list" });
  }
  return {
    ...(typeof tunnel === "string" ? { tunnel } : {}),
    ...(Object.keys(byName).length === 0 ? {} : { lists: adoptedLists(byName) }),
    records: idsIn(recordIds),
    rulesets: Object.fromEntries(
      Object.entries(byPhase).filter((entry): entry is [string, AdoptedRuleset] => isRuleset(entry[1])),
    ),
  };
}

/**
 * The rules of an adopted ruleset that are not the stack's own by their `ref`. A ruleset that the stack wrote before,
 * adopted after its state was lost, has the stack's rules among those of others.
 */
export function othersRules(adopted: readonly Rule[], own: readonly Pick<Rule, "ref">[]): readonly Rule[] {
  const refs = new Set(own.map(({ ref }) => ref));
  return adopted.filter(({ ref }) => !refs.has(ref));
}

const isHexId = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{32}$/.test(value);

const idsIn = (ids: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(ids).filter((entry): entry is [string, string] => isHexId(entry[1])));

const isAdoptedList = (value: unknown): value is AdoptedList =>
  isObject(value) && isHexId(value.id) && typeof value.description === "string";

const adoptedLists = (lists: Readonly<Record<string, unknown>>): Readonly<Record<string, AdoptedList>> =>
  Object.fromEntries(Object.entries(lists).filter((entry): entry is [string, AdoptedList] => isAdoptedList(entry[1])));

/** Without a `ref` a rule would get a new id with every change (terraform-provider-cloudflare#5921). */
const isRule = (value: unknown): value is Rule =>
  isObject(value) &&
  [value.ref, value.expression, value.action].every((text) => typeof text === "string" && text !== "");

const isRuleset = (value: unknown): value is AdoptedRuleset =>
  isObject(value) &&
  isHexId(value.id) &&
  typeof value.name === "string" &&
  typeof value.description === "string" &&
  Array.isArray(value.rules) &&
  value.rules.every(isRule);
