/** One resource as the program declares it, and what follows from that for its state. */
import type { ResourceType } from "../provider/index.ts";
import { ApplyError } from "./apply-error.ts";
import type { ResourceState } from "./stack-state.ts";
import { type PropertyValues, revealProperties, secretNames, withSecrets } from "./values.ts";

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

/** The state of a declared resource that Cloudflare has under this id. */
export function stateOf(
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

/** Whether two states have the same options. */
export const sameOptions = (one: ResourceState, other: ResourceState): boolean =>
  one.protect === other.protect &&
  one.retainOnDelete === other.retainOnDelete &&
  one.dependencies.join() === other.dependencies.join();

/** The inputs of a declaration, in which ignored ones keep the value that they have. */
export function withIgnored({ inputs, ignoreChanges }: Declaration, before: ResourceState | undefined): PropertyValues {
  if (before === undefined) return inputs;
  const kept = { ...inputs };
  for (const name of ignoreChanges) {
    if (name in before.inputs) kept[name] = before.inputs[name];
    else delete kept[name];
  }
  return kept;
}

/** @throws ApplyError WRONG_INPUTS that names every wrong input */
export function refuseWrongInputs({ type, name, inputs }: Declaration, behaviour: ResourceType): void {
  const failures = behaviour.check(revealProperties(inputs));
  if (failures.length === 0) return;
  const reasons = failures.map(({ property, reason }) => `${property}: ${reason}`).join("; ");
  throw new ApplyError("WRONG_INPUTS", `${type} "${name}" has wrong inputs: ${reasons}.`);
}
