/** The steps of a run: compares what is declared with what exists. Independent of Pulumi's protocol. */
import type { Provider, ResourceType } from "../provider/index.ts";
import { ApplyError } from "./apply-error.ts";
import { type Declaration, refuseWrongInputs, sameOptions, stateOf, withIgnored } from "./declaration.ts";
import type { ResourceState, StackState } from "./stack-state.ts";
import { STASH_TYPE, stash } from "./stash.ts";
import type { DeploymentStep } from "./step.ts";
import { holdsUnknown, type PropertyValues, revealProperties, secretNames, withSecrets } from "./values.ts";

/** What the program gets back. Without an id it is not known yet. */
export interface Registered {
  readonly id: string | undefined;
  readonly outputs: PropertyValues;
}

export interface DeploymentOptions {
  readonly state: StackState;
  readonly provider: Provider;
  /** Nothing is written, neither to the API nor to the state. */
  readonly preview: boolean;
}

/** One run of a program against the state and the provider. */
export class StackDeployment {
  /** What was done so far. */
  readonly steps: DeploymentStep[] = [];
  readonly warnings: string[] = [];
  readonly #options: DeploymentOptions;
  readonly #declared = new Set<string>();

  constructor(options: DeploymentOptions) {
    this.#options = options;
  }

  /** Reads a resource as it is now, changes by hand included; undefined where it does not exist any more. */
  async #readCurrent(declaration: Declaration, type: ResourceType): Promise<ResourceState | undefined> {
    const before = this.#options.state.find(declaration.urn);
    // a stash is in the state alone
    if (before === undefined || type === stash) return before;
    const inputs = revealProperties(before.inputs);
    const found = await type.read(before.id, inputs, revealProperties(before.outputs));
    if (found === undefined || isGone(found)) {
      if (!this.#options.preview) this.#options.state.remove(before);
      return undefined;
    }
    const secrets = [...secretNames(before.inputs), ...type.secretOutputs, ...declaration.secretOutputs];
    const now = {
      ...before,
      inputs: withSecrets(found.inputs, secrets),
      outputs: withSecrets(found.outputs, secrets),
    };
    this.#options.state.rememberRead(now, before);
    return now;
  }

  /** What the state has and still exists, by URN: types and ids, no other outputs. */
  async existing(): Promise<
    Readonly<Record<string, { readonly type: string; readonly outputs: { readonly id: string } }>>
  > {
    const found: [string, { type: string; outputs: { id: string } }][] = [];
    for (const { urn, type, id, inputs, superseded } of this.#options.state.resources) {
      if (superseded) continue;
      // its outputs show that it was deleted; any other object that is gone is a 404 when it is registered
      const deleted = type === TUNNEL_TYPE && isGone(await this.#typeOf(type).read(id, revealProperties(inputs)));
      if (!deleted) found.push([urn, { type, outputs: { id } }]);
    }
    return Object.fromEntries(found);
  }

  async #readImported(declaration: Declaration, type: ResourceType): Promise<ResourceState | undefined> {
    const found = await type.read(declaration.importId);
    if (found === undefined) {
      throw new ApplyError(
        "NOTHING_TO_IMPORT",
        `There is no ${declaration.type} ${declaration.importId} to take over.`,
      );
    }
    const taken = stateOf(declaration, found.id, found.inputs, found.outputs, type);
    if (!this.#options.preview) this.#options.state.put(taken);
    this.#record(declaration, "import");
    return taken;
  }

  async #create(declaration: Declaration, type: ResourceType, before?: ResourceState): Promise<Registered> {
    const op = before === undefined ? "create" : "replace";
    if (this.#options.preview) {
      this.#record(declaration, op);
      return { id: undefined, outputs: declaration.inputs };
    }
    if (before !== undefined && declaration.deleteBeforeReplace) await this.#remove(before);
    const made = await type.create(revealProperties(declaration.inputs));
    if (before !== undefined && !declaration.deleteBeforeReplace)
      this.#options.state.put({ ...before, superseded: true }, before);
    const next = stateOf(declaration, made.id, declaration.inputs, made.outputs, type);
    this.#options.state.put(next);
    this.#record(declaration, op);
    return next;
  }

  async #update(declaration: Declaration, type: ResourceType, before: ResourceState): Promise<Registered> {
    if (this.#options.preview) {
      this.#record(declaration, "update");
      return { id: before.id, outputs: { ...before.outputs, ...declaration.inputs } };
    }
    const { outputs } = await type.update(
      before.id,
      revealProperties(before.inputs),
      revealProperties(declaration.inputs),
      revealProperties(before.outputs),
    );
    const next = stateOf(declaration, before.id, declaration.inputs, outputs, type);
    this.#options.state.put(next, before);
    this.#record(declaration, "update");
    return next;
  }

  async #remove(resource: ResourceState): Promise<void> {
    if (!resource.retainOnDelete) {
      const type = this.#typeOf(resource.type);
      await type.delete(resource.id, revealProperties(resource.inputs));
      if (type.warning !== undefined)
        this.warnings.push(`${resource.name}: cannot be deleted, it stays at Cloudflare as it is`);
    }
    this.#options.state.remove(resource);
  }

  /** Creates, updates, replaces or keeps one resource. The new state is saved before it resolves. */
  async register(given: Declaration): Promise<Registered> {
    if (this.#declared.has(given.urn)) {
      throw new ApplyError("REPEATED_NAME", `Two resources are declared as ${given.urn}: give each its own name.`);
    }
    this.#declared.add(given.urn);
    const type = this.#typeOf(given.type);
    const before =
      (await this.#readCurrent(given, type)) ??
      (given.importId === "" ? undefined : await this.#readImported(given, type));
    const declaration = { ...given, inputs: withIgnored(given, before) };
    const inputs = revealProperties(declaration.inputs);
    if (!holdsUnknown(inputs)) refuseWrongInputs(declaration, type);
    if (before === undefined) return this.#create(declaration, type);

    const { changed, replaces } = type.diff(before.id, revealProperties(before.inputs), inputs);
    if (replaces.length > 0) {
      if (before.protect && declaration.protect) {
        throw new ApplyError(
          "PROTECTED",
          `${given.type} "${given.name}" is protected, and a change of ${replaces.join(", ")} would replace it.`,
        );
      }
      return this.#create(declaration, type, before);
    }
    if (changed.length > 0) return this.#update(declaration, type, before);
    this.#record(declaration, "same");
    const same = stateOf(declaration, before.id, before.inputs, before.outputs, type);
    if (this.#options.preview || sameOptions(same, before)) this.#options.state.rememberRead(same, before);
    else this.#options.state.put(same, before);
    return same;
  }

  /** Deletes what exists and was not declared, what depends on others first. */
  async deleteOthers(): Promise<void> {
    for (const resource of deletionOrder(this.#options.state.resources)) {
      if (this.#declared.has(resource.urn) && !resource.superseded) continue;
      if (resource.protect && !resource.superseded) {
        throw new ApplyError(
          "PROTECTED",
          `${resource.type} "${resource.name}" is protected, and the program does not declare it any more. It was ` +
            "not deleted.",
        );
      }
      if (!this.#options.preview) await this.#remove(resource);
      this.#record(resource, resource.retainOnDelete ? "forget" : "delete");
    }
  }

  #record({ urn, type, name }: Pick<DeploymentStep, "urn" | "type" | "name">, op: DeploymentStep["op"]): void {
    this.steps.push({ urn, type, name, op });
  }

  #typeOf(type: string): ResourceType {
    const found = type === STASH_TYPE ? stash : this.#options.provider.resource(type);
    if (found === undefined) {
      throw new ApplyError("UNKNOWN_TYPE", `The Cloudflare on localhost has no resources of type ${type}.`);
    }
    return found;
  }
}

const TUNNEL_TYPE = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";

/** Whether a resource does not exist any more. A tunnel that was deleted can still be read, with the time. */
const isGone = (found: Awaited<ReturnType<ResourceType["read"]>>): boolean =>
  found === undefined || Boolean(found.outputs.deletedAt);

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
