/**
 * The provider as a gRPC server that the real Pulumi CLI attaches with `PULUMI_DEBUG_PROVIDERS=cloudflare:PORT`: for
 * rehearsals, and where the real provider plugin cannot be fetched. It holds the API token in memory and listens on
 * 127.0.0.1 only. Like every debug provider it trusts every process that reaches its port, so it should run no longer
 * than the command.
 */

import { createRequire } from "node:module";
import {
  credentials,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import providerServices from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import { type ApiDefaults, createService } from "./service.ts";

export interface ProviderServer {
  readonly port: number;
  /** For the CLI's environment: `cloudflare:PORT`. */
  readonly debugProviders: string;
  close(): Promise<void>;
}

/** Each request has the type that its own handler expects; the protocol's generated code sees to that. */
type Handler = (request: never, peer: string) => unknown;

/** Bytes of a message: more than the resources of any stack need. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** Starts the server; the stack's configuration wins over the defaults given here. */
export async function startProviderServer(
  options: ApiDefaults & { readonly port?: number } = {},
): Promise<ProviderServer> {
  const { version }: { version: string } = createRequire(import.meta.url)("@pulumi/cloudflare/package.json");
  const engines = new Map<string, InstanceType<typeof engineServices.EngineClient>>();
  const service = createService(version, options, (peer, urn, message) => {
    const request = new engineMessages.LogRequest()
      .setSeverity(engineMessages.LogSeverity.WARNING)
      .setUrn(urn)
      .setMessage(message);
    // a warning that cannot be shown is no reason to fail what it warns of
    (engines.get(peer) ?? [...engines.values()].at(-1))?.log(request, () => undefined);
  });
  const empty = () => new emptyMessages.Empty();
  const handlers: Record<string, Handler> = {
    ...service,
    delete: async (request: never, peer) => {
      await service.delete(request, peer);
      return empty();
    },
    getPluginInfo: () => new pluginMessages.PluginInfo().setVersion(version),
    attach: (request: InstanceType<typeof pluginMessages.PluginAttach>, peer) => {
      engines.get(peer)?.close();
      engines.set(peer, new engineServices.EngineClient(request.getAddress(), credentials.createInsecure()));
      return empty();
    },
    cancel: empty,
  };
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const { ResourceProviderService } = providerServices;
  server.addService(
    ResourceProviderService,
    Object.fromEntries(
      Object.keys(ResourceProviderService).map((name) => [name, unary(name, handlers[name])]),
    ) satisfies UntypedServiceImplementation,
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    debugProviders: `cloudflare:${port}`,
    async close() {
      for (const engine of engines.values()) engine.close();
      server.forceShutdown();
    },
  };
}

/** A call of the protocol. One without a handler is UNIMPLEMENTED; one that fails gives the engine its message. */
function unary(name: string, handler: Handler | undefined): handleUnaryCall<unknown, unknown> {
  return async (call, done) => {
    if (!handler) {
      done({ code: status.UNIMPLEMENTED, details: `this provider has no ${name}` });
      return;
    }
    try {
      done(null, await handler(call.request as never, call.getPeer()));
    } catch (error) {
      done({ code: status.UNKNOWN, details: error instanceof Error ? error.message : String(error) });
    }
  };
}
