/**
 * Pulumi's resource monitor in the program's own thread: reads whole requests, options included, and serves them from a
 * deployment.
 */
import type { RegisterResourceOutputsRequest, RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import proto from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import type { Provider } from "../provider/index.ts";
import { ApplyError } from "./apply-error.ts";
import type { Declaration } from "./declaration.ts";
import type { Registered, StackDeployment } from "./deployment.ts";
import { decodeValue, encodeValue, type PropertyValues, revealProperties } from "./values.ts";

/** The look-up by which a program reads the state of a stack; it is the engine's own and no provider's. */
const READ_STATE = "pulumi:pulumi:readStackResourceOutputs";

type Reply<Response> = (error: Error | null, response: Response) => void;

/**
 * A message of the protocol that holds a JSON object. Its class is not exported to us: responses are made with the
 * class of the request's own.
 */
interface ProtobufStruct {
  toJavaScript(): unknown;
  constructor: unknown;
}
interface StructClass<S> {
  fromJavaScript(value: unknown): S;
}

const STACK = "pulumi:pulumi:Stack";

export interface MonitorOptions {
  readonly project: string;
  readonly stack: string;
  readonly deployment: StackDeployment;
  readonly provider: Provider;
}

/**
 * Serves one run. After the first failure no operation is begun and no call returns: the program waits until its thread
 * ends, so that one failure gives one message and not many rejections.
 */
export class Monitor extends MockMonitor {
  /** Rejects with the first failure. */
  readonly failed: Promise<never>;
  /** Outputs of the stack, once the program has come to its end. */
  stackOutputs: PropertyValues = {};
  readonly #options: MonitorOptions;
  readonly #running = new Set<Promise<unknown>>();
  #reject: (error: unknown) => void = () => {};
  #hasFailed = false;

  constructor(options: MonitorOptions) {
    const unused = () => {
      throw new Error("invariant: the monitor serves this call itself");
    };
    super({ call: unused, newResource: unused });
    this.#options = options;
    this.failed = new Promise((_, reject) => {
      this.#reject = reject;
    });
    // it is awaited from the start of the program on; a rejection before that must not end the process
    this.failed.catch(() => {});
  }

  /** Ends the run with this error, unless another came first. */
  readonly fail = (error: unknown): void => {
    this.#hasFailed = true;
    this.#reject(error);
  };

  /** Resolves when every operation that had begun is over and saved. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#running);
  }

  override async registerResource(
    request: RegisterResourceRequest,
    reply: Reply<InstanceType<typeof proto.RegisterResourceResponse>>,
  ): Promise<void> {
    const urn = this.#urnOf(request);
    const inputs = decodeValue(request.getObject()?.toJavaScript() ?? {}) as PropertyValues;
    // components exist in the program only
    const registered = request.getCustom()
      ? await this.#operate(() => this.#options.deployment.register(declarationOf(request, urn, inputs)), request)
      : { id: undefined, outputs: inputs };
    if (registered === undefined) return;
    const response = new proto.RegisterResourceResponse();
    response.setUrn(urn);
    response.setId(registered.id ?? "");
    response.setObject(structLike(request.getObject(), encodeValue({ ...registered.outputs, ...idOf(registered) })));
    reply(null, response);
  }

  override registerResourceOutputs(request: RegisterResourceOutputsRequest, reply: Reply<object>): void {
    if (request.getUrn().includes(`::${STACK}::`)) {
      this.stackOutputs = decodeValue(request.getOutputs()?.toJavaScript() ?? {}) as PropertyValues;
    }
    reply(null, {});
  }

  override async invoke(
    request: InstanceType<typeof proto.ResourceInvokeRequest>,
    reply: Reply<InstanceType<typeof proto.ResourceInvokeResponse>>,
  ): Promise<void> {
    const args = revealProperties(decodeValue(request.getArgs()?.toJavaScript() ?? {}) as PropertyValues);
    const { deployment, provider } = this.#options;
    const found = await this.#operate(async () =>
      request.getTok() === READ_STATE
        ? { name: args.stackName, outputs: await deployment.existing() }
        : provider.invoke(request.getTok(), args),
    );
    if (found === undefined) return;
    const response = new proto.ResourceInvokeResponse();
    response.setReturn(structLike(request.getArgs(), found));
    reply(null, response);
  }

  override async readResource(request: InstanceType<typeof proto.ReadResourceRequest>): Promise<void> {
    this.fail(
      new ApplyError("UNSUPPORTED", `${request.getType()} "${request.getName()}" is read with get: import it instead.`),
    );
  }

  /** Runs one operation. Once the run has failed, returns undefined and begins no other. */
  async #operate<T>(operation: () => Promise<T>, resource?: RegisterResourceRequest): Promise<T | undefined> {
    if (this.#hasFailed) return undefined;
    const running = operation();
    this.#running.add(running);
    try {
      const result = await running;
      return this.#hasFailed ? undefined : result;
    } catch (error) {
      this.fail(resource === undefined ? error : withResource(resource, error));
      return undefined;
    } finally {
      this.#running.delete(running);
    }
  }

  /** `urn:pulumi:STACK::PROJECT::PARENT_TYPE$TYPE::NAME`; the stack itself is no part of its children's types. */
  #urnOf(request: RegisterResourceRequest): string {
    const parentType = request.getParent().split("::")[2] ?? STACK;
    const type = parentType === STACK ? request.getType() : `${parentType}$${request.getType()}`;
    const { stack, project } = this.#options;
    return `urn:pulumi:${stack}::${project}::${type}::${request.getName()}`;
  }
}

const idOf = ({ id }: Registered): { readonly id?: string } => (id === undefined ? {} : { id });

function declarationOf(request: RegisterResourceRequest, urn: string, inputs: PropertyValues): Declaration {
  return {
    urn,
    type: request.getType(),
    name: request.getName(),
    inputs,
    dependencies: request.getDependenciesList(),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    deleteBeforeReplace: request.getDeletebeforereplace(),
    ignoreChanges: request.getIgnorechangesList(),
    secretOutputs: request.getAdditionalsecretoutputsList(),
    importId: request.getImportid(),
  };
}

/** Puts the resource before the message of an error. */
function withResource(request: RegisterResourceRequest, error: unknown): ApplyError {
  const [reason, code] = error instanceof Error ? [error.message, "code" in error ? error.code : undefined] : [error];
  const [, type = request.getType()] = /\/\w+:(\w+)$/.exec(request.getType()) ?? [];
  return new ApplyError(
    typeof code === "string" ? code : "OPERATION_FAILED",
    `${type} "${request.getName()}": ${reason}`,
    { cause: error },
  );
}

function structLike<S extends ProtobufStruct>(example: S | undefined, value: unknown): S | undefined {
  return (example?.constructor as StructClass<S> | undefined)?.fromJavaScript(value);
}
