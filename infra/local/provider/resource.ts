/** Makes the operations of a resource type from its definition: its fields and the paths of its requests. */
import type { Calls, Request } from "./calls.ts";
import { type CheckFailure, checkInputs } from "./check.ts";
import { type Difference, differenceOf, inputsFrom } from "./difference.ts";
import { type ResourceFields, toOutputs, type Values, withInitials } from "./fields.ts";

/** The definition of a resource type. Requests get inputs with the provider's defaults filled in. */
export interface Definition {
  readonly type: string;
  readonly fields: ResourceFields;
  readonly secretOutputs?: readonly string[];
  /** Inputs on which resources of this type depend besides their shape, as the real provider validates them. */
  validate?(inputs: Values): CheckFailure[];
  create(inputs: Values): Request;
  /** The new resource's id, from the response. */
  idOf(inputs: Values, result: Values): string;
  read(id: string, inputs: Values): Request;
  update(id: string, inputs: Values, before: Before): Request;
  /** Absent: Cloudflare has no deletion of it, nothing is sent. */
  remove?(id: string, inputs: Values): Request;
  /** What Cloudflare keeps apart from the resource, with requests of its own. */
  readonly contents?: Contents;
  /** The parts of an import id, as inputs; undefined where it has another form. */
  importId: { readonly form: string; parse(id: string): { readonly id: string; readonly inputs: Values } | undefined };
  /** What the provider makes of outputs besides renaming. */
  finish?(outputs: Values, inputs: Values): Values;
}

/** Members of a resource that are written after it and read beside it. Both give them in the API's words. */
interface Contents {
  write(calls: Calls, id: string, inputs: Values): Promise<Values>;
  read(calls: Calls, id: string, inputs: Values): Promise<Values>;
}

/** What was there before an update. */
interface Before {
  readonly inputs: Values;
  readonly outputs?: Values;
}

export interface ResourceType {
  readonly type: string;
  readonly fields: ResourceFields;
  readonly secretOutputs: readonly string[];
  check(inputs: Values): CheckFailure[];
  diff(id: string, oldInputs: Values, newInputs: Values): Difference;
  create(inputs: Values): Promise<{ id: string; outputs: Values }>;
  /**
   * Reads the resource; undefined where it does not exist. Without inputs the id is an import id. Old outputs, where
   * they are known, keep a secret that the server shows only once.
   * @throws Error naming the form of import ids where the id has another one
   */
  read(
    id: string,
    inputs?: Values,
    oldOutputs?: Values,
  ): Promise<{ id: string; inputs: Values; outputs: Values } | undefined>;
  /** Old outputs, where they are known, keep what the server chose. */
  update(id: string, oldInputs: Values, newInputs: Values, oldOutputs?: Values): Promise<{ outputs: Values }>;
  /** Shown whenever one is about to be made, also in a preview; undefined for what can be deleted. */
  readonly warning: string | undefined;
  /** A resource that does not exist is no error. For one that cannot be deleted nothing is sent. */
  delete(id: string, inputs: Values): Promise<void>;
}

/** The text of the real provider. */
const CANNOT_BE_DESTROYED =
  "[WARNING] This resource cannot be destroyed from Terraform. If you create this resource, it will be present in " +
  "the API until manually deleted.: Resource Destruction Considerations";

export function createResourceType(definition: Definition, calls: Calls): ResourceType {
  const { type, fields } = definition;
  const filled = (inputs: Values) => withInitials(fields, inputs);
  /** The outputs: the inputs as they were given, and the response's lists of rules, which have ids. */
  const outputsOf = (id: string, inputs: Values, result: unknown): Values => {
    const given = Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== "rules"));
    const outputs = { ...toOutputs(fields, result), ...given, id };
    return definition.finish?.(outputs, inputs) ?? outputs;
  };
  const withContents = async (id: string, inputs: Values, result: unknown): Promise<unknown> =>
    definition.contents === undefined
      ? result
      : { ...(result as Values), ...(await definition.contents.write(calls, id, inputs)) };
  /** The secrets among old outputs that a new response does not have. */
  const keptSecrets = (oldOutputs: Values | undefined, outputs: Values): Values =>
    Object.fromEntries(
      (definition.secretOutputs ?? []).flatMap((name) =>
        outputs[name] === undefined && oldOutputs?.[name] !== undefined && fields[name]?.computed === "always"
          ? [[name, oldOutputs[name]] as const]
          : [],
      ),
    );
  const readResource = async (id: string, inputs: Values, given?: Values, oldOutputs?: Values) => {
    const found = await calls.find(definition.read(id, inputs));
    if (found === undefined || found === null) return undefined;
    const current = { ...(found as Values), ...(await definition.contents?.read(calls, id, inputs)) };
    const kept = Object.fromEntries(
      Object.entries(inputs).filter(([name]) => fields[name]?.path || definition.secretOutputs?.includes(name)),
    );
    const read = outputsOf(id, kept, current);
    const outputs = { ...read, ...keptSecrets(oldOutputs, read) };
    return { id, inputs: inputsFrom(fields, outputs, given), outputs };
  };
  return {
    type,
    fields,
    secretOutputs: definition.secretOutputs ?? [],
    warning: definition.remove === undefined ? CANNOT_BE_DESTROYED : undefined,
    check(inputs) {
      const failures = checkInputs(fields, inputs);
      return failures.length > 0 ? failures : (definition.validate?.(inputs) ?? []);
    },
    diff: (_id, before, after) => differenceOf(fields, before, after),
    async create(inputs) {
      const given = filled(inputs);
      const result = await calls.send(definition.create(given));
      const id = definition.idOf(given, (result ?? {}) as Values);
      return { id, outputs: outputsOf(id, given, await withContents(id, given, result)) };
    },
    async read(id, inputs, oldOutputs) {
      if (inputs && Object.keys(inputs).length > 0) return readResource(id, inputs, inputs, oldOutputs);
      const parsed = definition.importId.parse(id);
      if (!parsed) throw new Error(`${id} is no import id of ${type}: it has the form ${definition.importId.form}`);
      // the real provider reads twice: once to import, once to refresh what it imported
      const imported = await readResource(parsed.id, parsed.inputs);
      return imported && readResource(parsed.id, parsed.inputs);
    },
    async update(id, oldInputs, newInputs, oldOutputs) {
      const given = filled(newInputs);
      const before = { inputs: filled(oldInputs), ...(oldOutputs ? { outputs: oldOutputs } : {}) };
      const result = await calls.send(definition.update(id, given, before));
      const outputs = outputsOf(id, given, await withContents(id, given, result));
      return { outputs: { ...outputs, ...keptSecrets(oldOutputs, outputs) } };
    },
    async delete(id, inputs) {
      const request = definition.remove?.(id, filled(inputs));
      if (request !== undefined) await calls.find(request);
    },
  };
}

/** An import id of slash-separated parts, the last being the resource's own id; those with a name are inputs. */
export function importIdOf(form: string, names: readonly (string | null)[]): Definition["importId"] {
  return {
    form,
    parse(id) {
      const parts = id.split("/");
      if (parts.length !== names.length || parts.some((part) => part === "")) return undefined;
      const inputs = names.flatMap((name, index) => (name === null ? [] : [[name, parts[index]] as const]));
      return { id: parts.at(-1) ?? "", inputs: Object.fromEntries(inputs) };
    },
  };
}
