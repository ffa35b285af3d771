/**
 * The resource provider's side of Pulumi's protocol: each call is served from the table of resource types
 * (https://github.com/pulumi/pulumi/blob/master/proto/pulumi/provider.proto).
 */
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { sameValue } from "../fields.ts";
import {
  type CallOptions,
  type CheckFailure,
  createProvider,
  type Provider,
  type ResourceType,
  UNKNOWN,
  type Values,
} from "../index.ts";
import { fromStruct, toStruct } from "./properties.ts";
import { schemaOf } from "./schema.ts";

/** How a call reaches Cloudflare's API, where the stack's configuration does not set it. */
export interface ApiDefaults {
  readonly apiToken?: string;
  readonly baseURL?: string;
  /** Waits between the tries of a call; a test or a rehearsal makes it shorter. */
  readonly wait?: CallOptions["wait"];
}

/** Shows the operator a warning for a resource. */
export type Warn = (peer: string, urn: string, message: string) => void;

type Response<Name extends keyof typeof messages> = (typeof messages)[Name] extends new () => infer Message
  ? Message
  : never;
type CheckRequest = InstanceType<typeof messages.CheckRequest>;
type UpdateRequest = InstanceType<typeof messages.UpdateRequest>;

const CLOUDFLARE_API = "https://api.cloudflare.com/client/v4";

/** Every call of the protocol that this provider has, by its name. */
export function createService(version: string, defaults: ApiDefaults, warn: Warn) {
  const providers = new ConfiguredProviders(defaults);
  return { ...providerCalls(version, providers), ...resourceCalls(providers, warn) };
}

/** The providers that engines have configured; an engine configures each one over a connection of its own. */
class ConfiguredProviders {
  /** What resources there are, before any provider is configured. */
  readonly unconfigured = createProvider({ apiToken: "none", baseURL: CLOUDFLARE_API });
  readonly #defaults: ApiDefaults;
  readonly #byPeer = new Map<string, Provider>();

  constructor(defaults: ApiDefaults) {
    this.#defaults = defaults;
  }

  /** @throws Error where neither the stack's configuration nor the defaults have an API token */
  configure(peer: string, given: Values): void {
    const apiToken = textOf(given.apiToken) ?? this.#defaults.apiToken;
    if (apiToken === undefined) {
      throw new Error(
        "there is no API token: set it with `pulumi config set --secret cloudflare:apiToken`, or in " +
          "CLOUDFLARE_API_TOKEN",
      );
    }
    const baseURL = textOf(given.baseUrl) ?? this.#defaults.baseURL ?? CLOUDFLARE_API;
    this.#byPeer.set(peer, createProvider({ apiToken, baseURL, wait: this.#defaults.wait }));
  }

  /** The provider of a connection; of a connection that configured none, the newest. */
  of(peer: string): Provider {
    const provider = this.#byPeer.get(peer) ?? [...this.#byPeer.values()].at(-1);
    if (!provider) throw new Error("the engine used the provider before it configured it");
    return provider;
  }

  resource(peer: string, urn: string): ResourceType {
    const type = typeOf(urn);
    const found = (this.#byPeer.size === 0 ? this.unconfigured : this.of(peer)).resource(type);
    if (!found) throw new Error(`${type} is not among the resources here: ${this.unconfigured.types.join(", ")}`);
    return found;
  }
}

/** The calls about the provider itself. */
function providerCalls(version: string, providers: ConfiguredProviders) {
  return {
    getSchema: () => {
      const resources = providers.unconfigured.types.flatMap((type) => providers.unconfigured.resource(type) ?? []);
      return new messages.GetSchemaResponse().setSchema(JSON.stringify(schemaOf(resources, version)));
    },
    checkConfig: (request: CheckRequest) => new messages.CheckResponse().setInputs(request.getNews()),
    // with "no difference" the engine would keep a provider with the API token of the run before
    diffConfig: (request: InstanceType<typeof messages.DiffRequest>) => {
      const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
      const before = fromStruct(request.getOldInputs() ?? request.getOlds());
      const same = sameValue(before, fromStruct(request.getNews()));
      return new messages.DiffResponse().setChanges(same ? DIFF_NONE : DIFF_SOME);
    },
    configure: (request: InstanceType<typeof messages.ConfigureRequest>, peer: string) => {
      providers.configure(peer, fromStruct(request.getArgs()));
      const response = new messages.ConfigureResponse();
      response.setSupportspreview(true);
      response.setAcceptsecrets(false);
      return response;
    },
    invoke: async (request: InstanceType<typeof messages.InvokeRequest>, peer: string) => {
      const outputs = await providers.of(peer).invoke(request.getTok(), fromStruct(request.getArgs()));
      return new messages.InvokeResponse().setReturn(toStruct(outputs));
    },
  };
}

/** The calls about one resource. */
function resourceCalls(providers: ConfiguredProviders, warn: Warn) {
  return {
    check: (request: CheckRequest, peer: string) => {
      const resource = providers.resource(peer, request.getUrn());
      const inputs = fromStruct(request.getNews());
      const response = new messages.CheckResponse().setInputs(toStruct(inputs, resource.secretOutputs));
      return response.setFailuresList(resource.check(inputs).map(failureOf));
    },
    diff: (request: InstanceType<typeof messages.DiffRequest>, peer: string) => {
      const before = fromStruct(request.getOldInputs() ?? request.getOlds());
      const after = fromStruct(request.getNews());
      return diffOf(providers.resource(peer, request.getUrn()), request.getId(), before, after);
    },
    create: async (request: InstanceType<typeof messages.CreateRequest>, peer: string) => {
      const resource = providers.resource(peer, request.getUrn());
      if (resource.warning !== undefined) warn(peer, request.getUrn(), resource.warning);
      const inputs = fromStruct(request.getProperties());
      const { id, outputs } = request.getPreview()
        ? { id: "", outputs: plannedOutputs(resource, inputs) }
        : await resource.create(inputs);
      return new messages.CreateResponse().setId(id).setProperties(toStruct(outputs, resource.secretOutputs));
    },
    read: async (request: InstanceType<typeof messages.ReadRequest>, peer: string) => {
      const resource = providers.resource(peer, request.getUrn());
      const [inputs, outputs] = [request.getInputs(), request.getProperties()].map(fromStruct);
      const found = await resource.read(request.getId(), inputs, outputs);
      const response = new messages.ReadResponse();
      if (!found) return response;
      response.setId(found.id);
      response.setProperties(toStruct(found.outputs, resource.secretOutputs));
      response.setInputs(toStruct(found.inputs, resource.secretOutputs));
      return response;
    },
    update: async (request: UpdateRequest, peer: string) => {
      const resource = providers.resource(peer, request.getUrn());
      const outputs = await outputsOfUpdate(resource, request);
      return new messages.UpdateResponse().setProperties(toStruct(outputs, resource.secretOutputs));
    },
    delete: async (request: InstanceType<typeof messages.DeleteRequest>, peer: string) => {
      const outputs = fromStruct(request.getProperties());
      const inputs = { ...outputs, ...fromStruct(request.getOldInputs()) };
      await providers.resource(peer, request.getUrn()).delete(request.getId(), inputs);
    },
  };
}

/** In a preview, what the server decides keeps its present value. */
async function outputsOfUpdate(resource: ResourceType, request: UpdateRequest): Promise<Values> {
  const before = fromStruct(request.getOlds());
  const after = fromStruct(request.getNews());
  if (request.getPreview()) return { ...before, ...after };
  return (await resource.update(request.getId(), fromStruct(request.getOldInputs()), after, before)).outputs;
}

/** The outputs of a resource that does not exist yet: its inputs, and unknowns where the server will decide. */
function plannedOutputs(resource: ResourceType, inputs: Values): Values {
  const decided = Object.entries(resource.fields).filter(
    ([name, { computed }]) => computed && inputs[name] === undefined,
  );
  return { ...inputs, ...Object.fromEntries(decided.map(([name]) => [name, UNKNOWN])) };
}

function diffOf(resource: ResourceType, id: string, before: Values, after: Values): Response<"DiffResponse"> {
  const { changed, replaces } = resource.diff(id, before, after);
  const { DiffChanges } = messages.DiffResponse;
  const response = new messages.DiffResponse()
    .setChanges(changed.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE)
    .setReplacesList([...replaces])
    .setDiffsList([...new Set(changed.map(topOf))])
    .setHasdetaileddiff(true);
  for (const path of changed) {
    response.getDetaileddiffMap().set(path, propertyDiff(path, before, after, replaces.includes(topOf(path))));
  }
  return response;
}

function propertyDiff(path: string, before: Values, after: Values, replaces: boolean): Response<"PropertyDiff"> {
  const { Kind } = messages.PropertyDiff;
  const [was, is] = [valueAt(before, path), valueAt(after, path)];
  const kinds =
    was === undefined
      ? [Kind.ADD, Kind.ADD_REPLACE]
      : is === undefined
        ? [Kind.DELETE, Kind.DELETE_REPLACE]
        : [Kind.UPDATE, Kind.UPDATE_REPLACE];
  return new messages.PropertyDiff().setKind(kinds[replaces ? 1 : 0] ?? Kind.UPDATE).setInputdiff(true);
}

/** `rules[1].expression` in values; undefined where the path leads nowhere. */
function valueAt(values: Values, path: string): unknown {
  let value: unknown = values;
  for (const [, key, index, quoted] of path.matchAll(/([^.[\]"]+)(?=\.|\[|$)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/g)) {
    const step = quoted === undefined ? (index ?? key ?? "") : JSON.parse(`"${quoted}"`);
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  }
  return value;
}

function topOf(path: string): string {
  return path.split(/[.[]/, 1)[0] ?? path;
}

function failureOf({ property, reason }: CheckFailure): Response<"CheckFailure"> {
  return new messages.CheckFailure().setProperty(property).setReason(reason);
}

/** `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
