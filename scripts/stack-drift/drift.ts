/** What differs between the state of a stack and Cloudflare. */

import { isDeepStrictEqual } from "node:util";
import { isObject } from "../../infra/rules/index.ts";
import { LIST_TYPE, nameOf, SERVICE_TOKEN_TYPE } from "../pulumi-cli/stack-state.ts";
import type { EngineEvents, RefreshedResource } from "./engine-events.ts";

/** One value that is not as it was deployed. */
export interface Drift {
  /** The name of the resource in the program. */
  readonly resource: string;
  /** What of it: the path of an input, or a rule; empty where the whole resource is gone. */
  readonly path: string;
  /** Undefined where it was not deployed. */
  readonly deployed: unknown;
  /** Undefined where Cloudflare does not have it. */
  readonly now: unknown;
  /** It was made by others, and the next `up` removes it. */
  readonly isForeign?: true;
}

/** Everything that differs, and what the program has and the state does not. */
export interface DriftReport {
  readonly drifts: readonly Drift[];
  /** Names of the resources that were never deployed. */
  readonly notDeployed: readonly string[];
  /** Names of the resources that the program changes, though they were not changed by hand. */
  readonly pending: readonly string[];
}

const RULESET = "cloudflare:index/ruleset:Ruleset";
/** Of a service token: `npm run rotate` changes its secret through the API, and the program ignores these inputs. */
const ROTATED = new Set(["clientSecretVersion", "previousClientSecretExpiresAt"]);
const CHANGES = new Set(["update", "replace", "create-replacement", "delete-replaced", "delete"]);

export function driftOf({ refreshed, planned }: EngineEvents): DriftReport {
  const drifts = refreshed.flatMap(driftOfResource);
  const drifted = new Set(drifts.map(({ resource }) => resource));
  const known = new Set(refreshed.map(({ urn }) => urn));
  const names = (ops: (op: string) => boolean, isListed: (urn: string) => boolean) => [
    ...new Set(planned.filter(({ op, urn }) => ops(op) && isListed(urn)).map(({ urn }) => nameOf(urn))),
  ];
  return {
    drifts,
    notDeployed: names(
      (op) => op === "create" || op === "import",
      (urn) => !known.has(urn),
    ),
    pending: names(
      (op) => CHANGES.has(op),
      (urn) => !drifted.has(nameOf(urn)),
    ),
  };
}

function driftOfResource({ urn, type, state, now }: RefreshedResource): Drift[] {
  const resource = nameOf(urn);
  // a deleted tunnel is still read, with the time of its deletion (cloudflared#1210)
  if (now === undefined || (now.outputs.deletedAt && !state.outputs.deletedAt)) {
    return [{ resource, path: "", deployed: "there", now: undefined }];
  }
  const { rules: rulesBefore, ...before } = state.inputs;
  const { rules: rulesNow, ...after } = now.inputs;
  if (type === LIST_TYPE) return listDrift(state.inputs, now.inputs, state.outputs, now.outputs).map(about(resource));
  if (type !== RULESET) {
    const found = differences(state.inputs, now.inputs, state.outputs, now.outputs);
    return found.filter(({ path }) => !(type === SERVICE_TOKEN_TYPE && ROTATED.has(path))).map(about(resource));
  }
  return [
    ...differences(before, after, state.outputs, now.outputs).map(about(resource)),
    ...ruleDrift(listOf(rulesBefore), listOf(rulesNow), listOf(state.outputs.rules), listOf(now.outputs.rules)).map(
      about(resource),
    ),
  ];
}

type DriftOfResource = Omit<Drift, "resource">;

const about =
  (resource: string) =>
  (found: DriftOfResource): Drift => ({ resource, ...found });

type Snapshot = Readonly<Record<string, unknown>>;

/** Compares items by what they are, not by their place: Cloudflare keeps no order. */
function listDrift(
  before: Snapshot,
  after: Snapshot,
  outputsBefore: Snapshot,
  outputsAfter: Snapshot,
): DriftOfResource[] {
  const { items: itemsBefore, ...rest } = before;
  const { items: itemsNow, ...restNow } = after;
  const [old, now] = [byValue(itemsBefore), byValue(itemsNow)];
  const goneOrChanged = [...old].flatMap(([value, comment]): DriftOfResource[] => {
    if (!now.has(value)) return [{ path: `item ${value}`, deployed: comment ?? "", now: undefined }];
    if (now.get(value) === comment) return [];
    return [{ path: `comment of item ${value}`, deployed: comment, now: now.get(value) ?? "" }];
  });
  const added = [...now].flatMap(([value, comment]): DriftOfResource[] =>
    old.has(value) ? [] : [{ path: `item ${value}`, deployed: undefined, now: comment ?? "", isForeign: true }],
  );
  return [...differences(rest, restNow, outputsBefore, outputsAfter), ...goneOrChanged, ...added];
}

/** Comments by item. */
function byValue(items: unknown): ReadonlyMap<string, unknown> {
  return new Map(
    listOf(items).map(({ ip, asn, hostname, comment }) => {
      const value = ip ?? asn ?? (isObject(hostname) ? hostname.urlHostname : undefined);
      return [String(value), comment];
    }),
  );
}

/** A rule of a ruleset, inputs or outputs. */
type RuleSnapshot = Readonly<Record<string, unknown>>;

/**
 * Compares rules by their `ref`, which stays when others come and go. A rule that was made in the dashboard has its id
 * for a `ref`.
 */
function ruleDrift(
  before: readonly RuleSnapshot[],
  after: readonly RuleSnapshot[],
  outputsBefore: readonly RuleSnapshot[],
  outputsAfter: readonly RuleSnapshot[],
): DriftOfResource[] {
  const [old, now] = [byRef(before), byRef(after)];
  const [oldOutputs, nowOutputs] = [byRef(outputsBefore), byRef(outputsAfter)];
  const gone = [...old].flatMap(([ref, rule]) =>
    now.has(ref) ? [] : [{ path: `rule ${ref}`, deployed: summaryOf(rule), now: undefined }],
  );
  const changed = [...old].flatMap(([ref, rule]) => {
    const found = now.get(ref);
    if (found === undefined) return [];
    return differences(rule, found, oldOutputs.get(ref), nowOutputs.get(ref)).map((difference) => ({
      ...difference,
      path: `rule ${ref}: ${difference.path}`,
    }));
  });
  const added = [...now].flatMap(([ref, rule]) =>
    old.has(ref)
      ? []
      : [{ path: `rule ${titleOf(ref, rule)}`, deployed: undefined, now: summaryOf(rule), isForeign: true as const }],
  );
  return [...gone, ...changed, ...added, ...orderDrift([...old.keys()], [...now.keys()])];
}

/** The order of the rules that are on both sides. */
function orderDrift(before: readonly string[], after: readonly string[]): DriftOfResource[] {
  const deployed = before.filter((ref) => after.includes(ref));
  const now = after.filter((ref) => before.includes(ref));
  return isDeepStrictEqual(deployed, now) ? [] : [{ path: "order of the rules", deployed, now }];
}

function byRef(rules: readonly RuleSnapshot[]): ReadonlyMap<string, RuleSnapshot> {
  return new Map(rules.map((rule, index) => [String(rule.ref ?? rule.id ?? `at ${index + 1}`), rule]));
}

const titleOf = (ref: string, { description }: RuleSnapshot): string =>
  typeof description === "string" && description !== "" ? `${ref} ("${description}")` : ref;

const summaryOf = ({ action, expression }: RuleSnapshot): string => `${action}: ${expression}`;

function listOf(value: unknown): readonly RuleSnapshot[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A member that Pulumi adds to inputs for itself. */
const BOOKKEEPING = "__defaults";

/**
 * Where two inputs differ. An input whose outputs are equal did not change at Cloudflare: after an import the state may
 * lack inputs that the provider fills in at the next read.
 */
function differences(
  deployed: unknown,
  now: unknown,
  outputsBefore: unknown,
  outputsAfter: unknown,
  path = "",
): DriftOfResource[] {
  if (isDeepStrictEqual(deployed, now)) return [];
  if (!isObject(deployed) || !isObject(now)) return [{ path, deployed, now }];
  const names = new Set([...Object.keys(deployed), ...Object.keys(now)]);
  names.delete(BOOKKEEPING);
  return [...names].flatMap((name) => {
    const [before, after] = [memberOf(outputsBefore, name), memberOf(outputsAfter, name)];
    if (isObject(outputsBefore) && isObject(outputsAfter) && isDeepStrictEqual(before, after)) return [];
    return differences(deployed[name], now[name], before, after, path === "" ? name : `${path}.${name}`);
  });
}

const memberOf = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);
