import type { Context, Service, ServiceSchema } from "moleculer";
import IO from "moleculer-io";
import Web from "moleculer-web";
import { type ServerOptions, Server as SocketServer } from "socket.io";
import { actionRules, type Events } from "../contract/index.ts";
import { type NamespaceEntry, SOCKET_PATH } from "../surface.ts";
import type { GatewayIo, GatewaySocket } from "./gateway-socket.ts";
import type { GatewayHandlers } from "./handlers.ts";
import { healthOf } from "./health.ts";
import type { Identity } from "./identity.ts";
import { useQuickIds } from "./internals/engine-handshake.ts";
import { withoutAutoAliases } from "./internals/moleculer-web.ts";
import type { NodeLimits } from "./limits/node-limits.ts";
import { metaOfSocket } from "./namespaces/calls.ts";
import type { NamespaceEmission } from "./namespaces/index.ts";
import { ioCallAction, ioMethods, ioNamespaces } from "./namespaces/moleculer-io.ts";
import { openApi } from "./openapi/document.ts";
import { limitedWebSocketServer } from "./sockets/web-socket-server.ts";
import type { Streams } from "./streams/index.ts";

export interface GatewayServiceParts {
  readonly streams: Streams;
  readonly namespaces: readonly NamespaceEntry[];
  readonly limits: NodeLimits;
  /** Makes the handlers, when Moleculer has created the service. */
  create(service: Service): GatewayHandlers;
  /** The handlers that `create` has made. Throws before that. */
  handlers(): GatewayHandlers;
}

/** The members that moleculer-io documents. */
type GatewayService = Service & { io: GatewayIo };

const SOCKET_OPTIONS: Partial<ServerOptions> = {
  path: SOCKET_PATH,
  transports: ["websocket"],
  allowUpgrades: false,
  serveClient: false,
  perMessageDeflate: false,
  httpCompression: false,
  maxHttpBufferSize: 64 * 1024,
  pingInterval: 25_000,
  pingTimeout: 20_000,
  destroyUpgrade: false,
};

/** Made anew for each service: moleculer-io writes to them. */
const settingsOf = ({ streams, namespaces, limits, handlers }: GatewayServiceParts): object => ({
  // moleculer-web's own server ends the process when the port is taken, and waits for sockets for ever when it stops
  server: false,
  ...streams.settings,
  logRequest: null,
  logResponse: null,
  logRequestParams: null,
  logRouteRegistration: null,
  logClientConnection: null,
  io: {
    namespaces: ioNamespaces(namespaces, {
      callMs: limits.times.callMs,
      applyCall: (ctx, socket) => handlers().namespaces.applyCall(ctx, socket),
    }),
  },
});

/** The gateway as a service of Moleculer: moleculer-web's routes, moleculer-io's Socket.IO, and events of services. */
export function gatewayService(parts: GatewayServiceParts): ServiceSchema {
  const document = openApi(parts.namespaces);
  return {
    name: "gateway",
    mixins: [Web, IO] as NonNullable<ServiceSchema["mixins"]>,
    settings: settingsOf(parts) as ServiceSchema["settings"],
    actions: {
      // actions of the mixins: they could be called by name, and would bypass the surface
      rest: { auth: "service" },
      listAliases: false,
      addRoute: false,
      removeRoute: false,
      call: ioCallAction(parts.namespaces),
      broadcast: false,
      getClients: false,
      openapi: { ...actionRules("gateway.openapi"), handler: () => document },
      health: { ...actionRules("gateway.health"), handler: healthOf },
    },
    events: eventHandlers(parts),
    methods: { ...parts.streams.methods, ...socketMethods(parts) },
    created(this: Service) {
      withoutAutoAliases(this);
      parts.create(this);
    },
    async started(this: Service) {
      const { sockets, namespaces } = parts.handlers();
      sockets.start();
      // moleculer-io has registered them by now
      await namespaces.attach((this as GatewayService).io);
    },
    async stopped(this: Service) {
      const { server, sockets, namespaces, upgrades } = parts.handlers();
      sockets.stop();
      namespaces.stop();
      // before the mixins' own: moleculer-io would leave connections that never became sockets, and they keep the
      // process alive
      (this as GatewayService).io?.disconnectSockets(true);
      server.closeAllConnections();
      await upgrades.close();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  } as ServiceSchema;
}

/** The events by which services send to sockets, and by which sessions and permissions of clients end. */
function eventHandlers({ handlers, streams }: GatewayServiceParts): ServiceSchema["events"] {
  return {
    "sockets.broadcast": ({ params }: Context<Events["sockets.broadcast"]>) => handlers().sockets.broadcast(params),
    "sockets.broadcastHere": ({ params }: Context<Events["sockets.broadcastHere"]>) =>
      handlers().sockets.broadcastHere(params),
    "sockets.unsubscribe": ({ params }: Context<Events["sockets.unsubscribe"]>) =>
      handlers().sockets.unsubscribe(params),
    "sockets.unsubscribeHere": ({ params }: Context<Events["sockets.unsubscribeHere"]>) =>
      handlers().sockets.unsubscribeHere(params),
    "sockets.digestHere": ({ params }: Context<Events["sockets.digestHere"]>) => handlers().sockets.digestHere(params),
    "namespaces.emit": ({ params }: Context<NamespaceEmission>) => handlers().namespaces.emit(params),
    "namespaces.leave": ({ params }: Context<Events["namespaces.leave"]>) => handlers().namespaces.removeUser(params),
    "session.ended"({ params }: Context<Events["session.ended"]>) {
      handlers().sessions.noteEnded(params.sid);
      handlers().sockets.endSession(params.sid);
      handlers().namespaces.endSession(params.sid);
      streams.endSession(params.sid);
    },
    "user.changed"({ params }: Context<Events["user.changed"]>) {
      handlers().sessions.noteChanged(params.id);
      handlers().sockets.endUser(params.id);
      handlers().namespaces.endUser(params.id);
      streams.endUser(params.id);
    },
    "sessions.unreadable"() {
      handlers().sessions.noteUnreadable();
      handlers().sockets.endAll();
      handlers().namespaces.endUsers();
      streams.endAll();
    },
    "$node.connected": () => handlers().sockets.greetNode(),
    "$node.disconnected": ({ params }: Context<{ readonly unexpected: boolean }>) =>
      handlers().sockets.compareAfterNode(params.unexpected),
    "nodes.restarted": () => handlers().sockets.compareAfterNode(true),
    "nodes.gap": () => handlers().sockets.compareAll(),
  };
}

/** The methods by which moleculer-io has its server made and its handshakes authorized. */
function socketMethods({ limits, handlers }: GatewayServiceParts): NonNullable<ServiceSchema["methods"]> {
  const { caps, times, unfinishedBytes, refusedMessages } = limits;
  const isMain = ({ nsp }: GatewaySocket) => nsp.name === "/";
  return {
    ...ioMethods,
    initSocketIO(this: GatewayService) {
      const wsEngine = limitedWebSocketServer({ caps, timeout: times.messageMs, unfinishedBytes }, refusedMessages);
      this.io = new SocketServer(handlers().socketServer, { ...SOCKET_OPTIONS, wsEngine });
      useQuickIds(this.io);
      handlers().sockets.attach(this.io);
    },
    socketAuthorize: (socket: GatewaySocket) =>
      isMain(socket) ? handlers().sockets.authorize(socket) : handlers().namespaces.authorize(socket),
    socketSaveUser: (socket: GatewaySocket, identity: Identity) =>
      (isMain(socket) ? handlers().sockets : handlers().namespaces).setIdentity(socket, identity),
    socketGetMeta: metaOfSocket,
  };
}
