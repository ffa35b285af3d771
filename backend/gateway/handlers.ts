import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import type { ServiceBroker } from "moleculer";
import type { Logger } from "pino";
import type { NodeChannel } from "../nodes/index.ts";
import type { HttpEntry, NamespaceEntry } from "../surface.ts";
import type { AssertionGuard } from "./assertion-guard.ts";
import type { Asset } from "./http/assets.ts";
import { HttpHandler } from "./http/handler.ts";
import { routeTable } from "./http/routes.ts";
import { createHttpServer } from "./http/server.ts";
import { handOverUpgrade } from "./internals/engine-handshake.ts";
import type { NodeLimits } from "./limits/node-limits.ts";
import type { OriginKind } from "./limits/origins.ts";
import type { RefusalLog } from "./limits/refusal-log.ts";
import type { FinishedRequest } from "./metrics.ts";
import { Namespaces } from "./namespaces/index.ts";
import { GatewaySessions } from "./sessions.ts";
import { ConnectionGuards } from "./sockets/guard.ts";
import type { SocketFeature } from "./sockets/socket-feature.ts";
import { SocketGateway } from "./sockets/sockets.ts";
import { TokenExpiry } from "./sockets/token-expiry.ts";
import { UpgradeHandler } from "./sockets/upgrades.ts";
import { UserConnections } from "./sockets/user-connections.ts";
import type { Streams } from "./streams/index.ts";

export interface HandlerParts {
  readonly log: Logger;
  readonly refusals: RefusalLog;
  readonly limits: NodeLimits;
  /** Undefined where administrators need no assertion. */
  readonly assertions: AssertionGuard | undefined;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly entries: readonly HttpEntry[];
  readonly features: readonly SocketFeature[];
  readonly streams: Streams;
  readonly namespaces: readonly NamespaceEntry[];
  /** Share of the successful requests that are logged. */
  readonly logSample: number;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  readonly channel: NodeChannel | undefined;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  readonly writeLimitMs: number | undefined;
  originKind(headers: { readonly origin?: string | undefined }): OriginKind;
  readonly finished: ((facts: FinishedRequest) => void) | undefined;
}

/** The parts of a gateway that serve clients. */
export interface GatewayHandlers {
  readonly sessions: GatewaySessions;
  readonly http: HttpHandler;
  readonly sockets: SocketGateway;
  readonly namespaces: Namespaces;
  readonly upgrades: UpgradeHandler;
  /** The HTTP server, which does not listen yet. */
  readonly server: Server;
  /** The HTTP server that Socket.IO is attached to. It has no port, and only gets upgrades that were accepted. */
  readonly socketServer: Server;
}

/** Makes the parts that serve clients, and connects them. */
export function createHandlers(parts: HandlerParts, broker: ServiceBroker): GatewayHandlers {
  const { limits: node, originKind } = parts;
  const { limits, caps, times, client, backlog, unsent, history, withoutSession } = node;
  const sessions = new GatewaySessions(broker, parts.clock);
  const table = routeTable(parts.entries);
  const shared = { ...parts, broker, sessions, limits };
  const http = new HttpHandler({
    ...shared,
    resolve: (path) => table.at(path),
    client,
    backlog,
  });
  const socketServer = createServer();
  const upgrades = new UpgradeHandler({
    client,
    originKind,
    limits,
    caps: caps.sockets,
    withoutSession,
    accept(request, socket, head) {
      parts.assertions?.keep(request);
      node.connections.release(request.socket);
      handOverUpgrade(socketServer, request, socket, head);
    },
  });
  const ofConnections = {
    unsent,
    hasSession: (connection: Duplex) => withoutSession.release(connection),
    clientOf: ({ request }: { readonly request: IncomingMessage }) => upgrades.clientOf(request.socket),
  };
  const connections = new ConnectionGuards();
  const users = new UserConnections(caps.sockets.user);
  const tokens = new TokenExpiry(connections, parts.clock);
  const ofSockets = { ...shared, ...ofConnections, connections, users, tokens };
  const namespaces = new Namespaces({ ...ofSockets, caps, entries: parts.namespaces });
  const sockets = new SocketGateway({ ...ofSockets, namespaces, history });
  const server = createHttpServer((request, response) => http.handle(request, response), times);
  server.on("upgrade", (request, socket, head) => upgrades.handle(request, socket, head));
  server.on("connection", (connection) => node.connections.accept(connection));
  // connections of trusted peers have no limit but this one
  server.maxConnections = caps.connections.node + caps.sockets.node;
  return { sessions, http, sockets, namespaces, upgrades, server, socketServer };
}
