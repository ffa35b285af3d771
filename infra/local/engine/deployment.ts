/** The steps of a run: compares what is declared with what exists. Independent of Pulumi's protocol. */
import type { Provider, ResourceType } from "../provider/index.ts";
import { ApplyError } from "./apply-error.ts";
import type { ResourceState, StackState } from "./stack-state.ts";
import { STASH_TYPE, stash } from "./stash.ts";
import type { DeploymentStep } from "./step.ts";
import { holdsUnknown, type PropertyValues, revealedProperties, secretNames, withSecrets } from "./values.ts";

/** One resource as the program declares it, with the options that count. */
export interface Declaration {
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  readonly inputs: PropertyValues;
  readonly dependencies: readonly string[];
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  /** Names of inputs whose changes do not count. */
  readonly ignoreChanges: readonly string[];
  readonly secretOutputs: readonly string[];
  /** Import id of something that exists and is to be taken over; empty for none. */
  readonly importId: string;
}

/** What the program gets back. Without an id it is not known yet. */
export interface Registered {
  readonly id: string | undefined;
  readonly outputs: PropertyValues;
}

export interface StackDeployment {
  /** What was done so far. */
  readonly steps: readonly DeploymentStep[];
  readonly warnings: readonly string[];
  /** What the state has and still exists, by URN: types and ids, no other outputs. */
  existing(): Promise<Readonly<Record<string, { readonly type: string; readonly outputs: { readonly id: string } }>>>;
  /** Creates, updates, replaces or keeps one resource. The new state is saved before it resolves. */
  register(declaration: Declaration): Promise<Registered>;
  /** Deletes what exists and was not declared, what depends on others first. */
  deleteOthers(): Promise<void>;
}

export interface DeploymentOptions {
  readonly state: StackState;
  readonly provider: Provider;
  /** Nothing is written, neither to the API nor to the state. */
  readonly preview: boolean;
}

export function createDeployment({ state, provider, preview }: DeploymentOptions): StackDeployment {
  const steps: DeploymentStep[] = [];
  const warnings: string[] = [];
  const declared = new Set<string>();
  const record = (resource: Pick<DeploymentStep, "urn" | "type" | "name">, op: DeploymentStep["op"]) => {
    steps.push({ urn: resource.urn, type: resource.type, name: resource.name, op });
  };

  const behaviour = (type: string): ResourceType => {
    const found = type === STASH_TYPE ? stash : provider.resource(type);
    if (found === undefined) {
      throw new ApplyError("UNKNOWN_TYPE", `The Cloudflare on localhost has no resources of type ${type}.`);
    }
    return found;
  };

  /** What exists now, as it is now: changes made by hand count, and what was deleted by hand is gone. */
  async function refreshed(declaration: Declaration, type: ResourceType): Promise<ResourceState | undefined> {
    const before = state.find(declaration.urn);
    // a stash is in the state alone
    if (before === undefined || type === stash) return before;
    const inputs = revealedProperties(before.inputs);
    const found = await type.read(before.id, inputs);
    if (found === undefined || isGone(found)) {
      if (!preview) state.remove(before);
      return undefined;
    }
    const secrets = [...secretNames(before.inputs), ...type.secretOutputs, ...declaration.secretOutputs];
    const now = {
      ...before,
      inputs: withSecrets(found.inputs, secrets),
      outputs: withSecrets(found.outputs, secrets),
    };
    state.note(now, before);
    return now;
  }

  async function existing() {
    const found: [string, { type: string; outputs: { id: string } }][] = [];
    for (const { urn, type, id, inputs, superseded } of state.resources) {
      if (superseded) continue;
      // its outputs show that it was deleted; any other object that is gone is a 404 when it is registered
      const deleted = type === TUNNEL_TYPE && isGone(await behaviour(type).read(id, revealedProperties(inputs)));
      if (!deleted) found.push([urn, { type, outputs: { id } }]);
    }
    return Object.fromEntries(found);
  }

  async function imported(declaration: Declaration, type: ResourceType): Promise<ResourceState | undefined> {
    const found = await type.read(declaration.importId);
    if (found === undefined) {
      throw new ApplyError(
        "NOTHING_TO_IMPORT",
        `There is no ${declaration.type} ${declaration.importId} to take over.`,
      );
    }
    const taken = stateOf(declaration, found.id, found.inputs, found.outputs, type);
    if (!preview) state.put(taken);
    record(declaration, "import");
    return taken;
  }

  async function create(declaration: Declaration, type: ResourceType, before?: ResourceState): Promise<Registered> {
    const op = before === undefined ? "create" : "replace";
    if (preview) {
      record(declaration, op);
      return { id: undefined, outputs: declaration.inputs };
    }
    if (before !== undefined && declaration.deleteBeforeReplace) await remove(before);
    const made = await type.create(revealedProperties(declaration.inputs));
    if (before !== undefined && !declaration.deleteBeforeReplace) state.put({ ...before, superseded: true }, before);
    const next = stateOf(declaration, made.id, declaration.inputs, made.outputs, type);
    state.put(next);
    record(declaration, op);
    return next;
  }

  async function update(declaration: Declaration, type: ResourceType, before: ResourceState): Promise<Registered> {
    if (preview) {
      record(declaration, "update");
      return { id: before.id, outputs: { ...before.outputs, ...declaration.inputs } };
    }
    const { outputs } = await type.update(
      before.id,
      revealedProperties(before.inputs),
      revealedProperties(declaration.inputs),
      revealedProperties(before.outputs),
    );
    const next = stateOf(declaration, before.id, declaration.inputs, outputs, type);
    state.put(next, before);
    record(declaration, "update");
    return next;
  }

  async function remove(resource: ResourceState): Promise<void> {
    if (!resource.retainOnDelete) {
      const type = behaviour(resource.type);
      await type.delete(resource.id, revealedProperties(resource.inputs));
      if (type.warning !== undefined)
        warnings.push(`${resource.name}: cannot be deleted, it stays at Cloudflare as it is`);
    }
    state.remove(resource);
  }

  async function register(given: Declaration): Promise<Registered> {
    if (declared.has(given.urn)) {
      throw new ApplyError("REPEATED_NAME", `Two resources are declared as ${given.urn}: give each its own name.`);
    }
    declared.add(given.urn);
    const type = behaviour(given.type);
    const before = (await refreshed(given, type)) ?? (given.importId === "" ? undefined : await imported(given, type));
    const declaration = { ...given, inputs: withIgnored(given, before) };
    const inputs = revealedProperties(declaration.inputs);
    if (!holdsUnknown(inputs)) refuseWrongInputs(declaration, type);
    if (before === undefined) return create(declaration, type);

    const { changed, replaces } = type.diff(before.id, revealedProperties(before.inputs), inputs);
    if (replaces.length > 0) {
      if (before.protect && declaration.protect) {
        throw new ApplyError(
          "PROTECTED",
          `${given.type} "${given.name}" is protected, and a change of ${replaces.join(", ")} would replace it.`,
        );
      }
      return create(declaration, type, before);
    }
    if (changed.length > 0) return update(declaration, type, before);
    record(declaration, "same");
    const same = stateOf(declaration, before.id, before.inputs, before.outputs, type);
    if (preview || sameOptions(same, before)) state.note(same, before);
    else state.put(same, before);
    return same;
  }

  async function deleteOthers(): Promise<void> {
    for (const resource of deletionOrder(state.resources)) {
      if (declared.has(resource.urn) && !resource.superseded) continue;
      if (resource.protect && !resource.superseded) {
        throw new ApplyError(
          "PROTECTED",
          `${resource.type} "${resource.name}" is protected, and the program does not declare it any more. It was ` +
            "not deleted.",
        );
      }
      if (!preview) await remove(resource);
      record(resource, resource.retainOnDelete ? "forget" : "delete");
    }
  }

  return { steps, warnings, existing, register, deleteOthers };
}

const TUNNEL_TYPE = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";

/** Whether a resource does not exist any more. A tunnel that was deleted can still be read, with the time. */
const isGone = (found: Awaited<ReturnType<ResourceType["read"]>>): boolean =>
  found === undefined || Boolean(found.outputs.deletedAt);

function stateOf(
  declaration: Declaration,
  id: string,
  inputs: PropertyValues,
  outputs: PropertyValues,
  type: ResourceType,
): ResourceState {
  const { urn, name, dependencies, protect, retainOnDelete } = declaration;
  const secrets = [...secretNames(declaration.inputs), ...type.secretOutputs, ...declaration.secretOutputs];
  return {
    urn,
    type: declaration.type,
    name,
    id,
    inputs: withSecrets(inputs, secretNames(declaration.inputs)),
    outputs: withSecrets(outputs, secrets),
    dependencies,
    protect,
    retainOnDelete,
    superseded: false,
  };
}

const sameOptions = (one: ResourceState, other: ResourceState): boolean =>
  one.protect === other.protect &&
  one.retainOnDelete === other.retainOnDelete &&
  one.dependencies.join() === other.dependencies.join();

/** Ignored inputs keep the value they have. */
function withIgnored({ inputs, ignoreChanges }: Declaration, before: ResourceState | undefined): PropertyValues {
  if (before === undefined) return inputs;
  const kept = { ...inputs };
  for (const name of ignoreChanges) {
    if (name in before.inputs) kept[name] = before.inputs[name];
    else delete kept[name];
  }
  return kept;
}

function refuseWrongInputs({ type, name, inputs }: Declaration, behaviour: ResourceType): void {
  const failures = behaviour.check(revealedProperties(inputs));
  if (failures.length === 0) return;
  const reasons = failures.map(({ property, reason }) => `${property}: ${reason}`).join("; ");
  throw new ApplyError("WRONG_INPUTS", `${type} "${name}" has wrong inputs: ${reasons}.`);
}

/** What nothing else depends on comes first; among those, the newest. */
function deletionOrder(resources: readonly ResourceState[]): ResourceState[] {
  const left = [...resources];
  const ordered: ResourceState[] = [];
  while (left.length > 0) {
    const free = left.findLastIndex(
      ({ urn }) => !left.some((other) => other.urn !== urn && other.dependencies.includes(urn)),
    );
    ordered.push(...left.splice(free === -1 ? left.length - 1 : free, 1));
  }
  return ordered;
}
