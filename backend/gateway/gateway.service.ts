import { createServer, type IncomingMessage, type Server } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Context, Service, ServiceSchema } from "moleculer";
import IO from "moleculer-io";
import Web from "moleculer-web";
import type { Logger } from "pino";
import { type ServerOptions, Server as SocketServer } from "socket.io";
import { PRESENCE_TIMES, type PresenceTimes } from "../chat/presence.ts";
import type { RoomPosition } from "../chat/room-position.ts";
import type { Config } from "../config.ts";
import { actionRules, announce, type Events, tell } from "../contract/index.ts";
import type { Delivery, NodeChannel } from "../nodes/index.ts";
import { type HttpEntry, http, SOCKET_PATH } from "../surface.ts";
import type { Throttles } from "../throttle/throttle.ts";
import { type Asset, serveAssets } from "./http/assets.ts";
import { createHttpHandler, type HttpHandler } from "./http/handler.ts";
import { type RouteTable, routesOf, routeTable } from "./http/routes.ts";
import { createDoorServer, listen, SERVER_TIMES, type ServerTimes } from "./http/server.ts";
import { createIdentities, type Identities } from "./identities.ts";
import { handOverUpgrade, useQuickIds } from "./internals/engine-handshake.ts";
import { HistoryBudget } from "./limits/caps/byte-budget.ts";
import { Connections } from "./limits/caps/connections.ts";
import { HttpBacklog } from "./limits/caps/http-backlog.ts";
import { readCaps } from "./limits/caps/readings.ts";
import { CAPS, type CapReading, type CapTable } from "./limits/caps/table.ts";
import { UnfinishedBytes } from "./limits/caps/unfinished-bytes.ts";
import { UnsentBytes } from "./limits/caps/unsent-bytes.ts";
import { WithoutSession } from "./limits/caps/without-session.ts";
import { type Client, clientReader, trustedPeers } from "./limits/client-address.ts";
import { IgnoredAddresses } from "./limits/ignored-addresses.ts";
import { createLimits, LIMITS, type LimitTable } from "./limits/limits.ts";
import { localOrigins, originJudge } from "./limits/origins.ts";
import { RefusalLog } from "./limits/refusal-log.ts";
import type { Finished } from "./metrics.ts";
import { openApi } from "./openapi/document.ts";
import type { GatewayIo, GatewaySocket } from "./sockets/gateway-socket.ts";
import { createLocalPresence } from "./sockets/presence.ts";
import { createRoomComparison, type RoomComparison } from "./sockets/room-comparison.ts";
import { RoomPositions } from "./sockets/room-positions.ts";
import { deliveryOf, eventOf, receivedEvent } from "./sockets/socket-event.ts";
import { createSocketGateway, type SocketGateway } from "./sockets/sockets.ts";
import { createUpgradeHandler, type UpgradeHandler } from "./sockets/upgrades.ts";
import { limitedWebSocketServer } from "./sockets/web-socket-server.ts";

export interface GatewayOptions {
  readonly log: Logger;
  /** The files of the page, exactly those that the surface lists. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Other HTTP entries than the surface's. */
  readonly entries?: readonly HttpEntry[];
  /** Other limits than the surface's. */
  readonly limits?: LimitTable;
  readonly caps?: CapTable;
  readonly times?: ServerTimes;
  readonly presence?: PresenceTimes;
  /** Milliseconds since 1970, for all nodes alike; the machine's own when left out. */
  readonly clock?: () => number;
  /** Where nodes count limits together; when left out, this node counts by itself. */
  readonly throttles?: Throttles;
  /** Why nothing may be served at the moment; undefined while it may. */
  readonly problem?: () => string | undefined;
  /** Told of every request and call that was answered. */
  readonly finished?: (facts: Finished) => void;
  /** Sends to the sockets of other nodes, and receives what they send; undefined for a node that is alone. */
  readonly channel?: NodeChannel | undefined;
}

/** The gateway: a service for the broker, whose door opens only when everything behind it has started. */
export interface Gateway {
  readonly schema: ServiceSchema;
  /** Listens and answers the port. Throws a PortError when the address cannot be had. */
  open(): Promise<number>;
  /** Whether it takes requests. */
  readonly isOpen: boolean;
  /** Sockets that are connected now. */
  readonly sockets: number;
  /** How the limits of what clients may hold stand. */
  readonly caps: readonly CapReading[];
  /** Requests whose `CF-Connecting-IP` was ignored, because their peer is not trusted. */
  readonly ignoredAddresses: number;
  /** Closes the sockets of this node one after the other, so that their clients go to another one. */
  release(): void;
  /**
   * Lets no client in any more, closes one socket after the other while it serves the rest, finishes what is under way,
   * and closes every connection; all within the configured time.
   */
  drain(): Promise<void>;
}

const socketOptions: Partial<ServerOptions> = {
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

type GatewayService = Service & {
  io: GatewayIo;
  aliases: Parameters<typeof routeTable>[0];
  regenerateAllAutoAliases: () => void;
};

export function createGateway(config: Config, options: GatewayOptions): Gateway {
  const { log, clock = Date.now, channel, entries = http } = options;
  const isUnfit = () => options.problem?.() !== undefined;
  const limits = createLimits(options.limits, options.throttles && { throttles: options.throttles, clock });
  const caps = options.caps ?? CAPS;
  const times = options.times ?? SERVER_TIMES;
  const unsent = new UnsentBytes(caps.unsentBytes, times.send);
  const backlog = new HttpBacklog(caps, unsent);
  const withoutSession = new WithoutSession({ caps, timeout: times.session });
  const refusedMessages = { fragmented: 0, unfinished: 0 };
  const unfinishedBytes = new UnfinishedBytes(caps.unfinishedBytes.node);
  const origins = new Set(config.origins);
  const standing = originJudge(origins);
  const isTrusted = trustedPeers(config.trustedPeers);
  const ignored = new IgnoredAddresses(log);
  const client = clientReader(isTrusted, (peer, visitor) => ignored.note(peer, visitor));
  const connections = new Connections(caps.connections, isTrusted);
  const history = new HistoryBudget(caps.historyBytes);
  const refusals = new RefusalLog(log);
  const clients = new WeakMap<IncomingMessage, Client>();
  const presenceTimes = options.presence ?? PRESENCE_TIMES;
  const presence = createLocalPresence(presenceTimes, () => performance.now());
  const positions = new RoomPositions((room) => comparison?.compareLater(room));
  let comparison: RoomComparison | undefined;
  let ticking: NodeJS.Timeout | undefined;
  // Socket.IO listens here; only what the upgrade door lets through is passed on to it
  const socketServer = createServer();
  let doors:
    | { web: HttpHandler; sockets: SocketGateway; server: Server; upgrades: UpgradeHandler; identities: Identities }
    | undefined;
  const built = () => {
    if (!doors) throw new Error("The gateway's service was not created.");
    return doors;
  };

  function build({ broker, aliases }: GatewayService): void {
    const table: RouteTable = routeTable(aliases, entries);
    const identities = createIdentities(broker, clock);
    const web = createHttpHandler({
      broker,
      identities,
      isUnfit,
      log,
      refusals,
      logSample: config.logSample,
      resolve: (path) => table.at(path),
      assets: serveAssets(options.assets),
      client,
      standing,
      limits,
      backlog,
      finished: options.finished,
    });
    const sockets = createSocketGateway({
      broker,
      clock,
      isUnfit,
      log,
      refusals,
      limits,
      presence,
      positions,
      compareSoon: (rooms) => comparison?.compareSoon(rooms),
      listening: channel,
      caps: caps.sockets,
      unsent,
      history,
      hasSession: (connection) => withoutSession.release(connection),
      finished: options.finished,
      clientOf(socket) {
        const from = clients.get(socket.request);
        if (!from) throw new Error("invariant: a socket came past the upgrade door");
        return from;
      },
    });
    const upgrades = createUpgradeHandler({
      client,
      standing,
      limits,
      caps: caps.sockets,
      withoutSession,
      accept(request, socket, head, from) {
        clients.set(request, from);
        connections.release(request.socket);
        handOverUpgrade(socketServer, request, socket, head);
      },
    });
    const server = createDoorServer(web.handle, times).on("upgrade", upgrades.handle);
    server.on("connection", (connection) => connections.accept(connection));
    // sockets of trusted peers have no other limit
    server.maxConnections = caps.connections.node + caps.sockets.node;
    doors = { web, sockets, server, upgrades, identities };
  }

  /** Something that was broadcast may not have come to this node. */
  function compareAll(): void {
    built().sockets.doubt();
    comparison?.compareAll();
  }

  const schema = {
    name: "gateway",
    mixins: [Web, IO] as NonNullable<ServiceSchema["mixins"]>,
    settings: {
      // the server is ours: theirs ends the process when the port is taken, and waits for sockets for ever when it
      // stops
      server: false,
      routes: routesOf(entries),
      logRequest: null,
      logResponse: null,
      logRequestParams: null,
      logRouteRegistration: null,
      logClientConnection: null,
      io: {
        namespaces: {
          "/": {
            authorization: true,
            events: {}, // the socket door takes them before Socket.IO
          },
        },
      },
    } as ServiceSchema["settings"],
    actions: {
      // what the mixins bring along: reachable by name, and each of them a way around the surface
      rest: false,
      listAliases: false,
      addRoute: false,
      removeRoute: false,
      call: false,
      broadcast: false,
      getClients: false,
      openapi: { ...actionRules("gateway.openapi"), handler: () => document },
    },
    events: {
      "chat.broadcast"(ctx: Context<Events["chat.broadcast"]>) {
        const event = eventOf(ctx.params);
        built().sockets.broadcast(event);
        channel?.send(deliveryOf(event));
      },
      "chat.missed"(ctx: Context<Events["chat.missed"]>) {
        built().sockets.broadcast(eventOf(ctx.params));
      },
      "chat.left"(ctx: Context<Events["chat.left"]>) {
        built().sockets.expel(ctx.params);
        channel?.send(leftDelivery(ctx.params));
      },
      "membership.ended"(ctx: Context<Events["membership.ended"]>) {
        built().sockets.expel(ctx.params);
      },
      "session.ended"(ctx: Context<Events["session.ended"]>) {
        built().identities.forget();
        built().sockets.endSession(ctx.params.sid);
      },
      "user.changed"(ctx: Context<Events["user.changed"]>) {
        built().identities.forget();
        built().sockets.refresh(ctx.params.id);
      },
      "node.blind"() {
        built().identities.forget();
        built().sockets.endAll();
      },
      "presence.wanted"(this: Service, ctx: Context<Events["presence.wanted"]>) {
        if (ctx.params.node === this.broker.nodeID) presence.repeat();
      },
      "presence.news"(ctx: Context<Events["presence.news"]>) {
        built().sockets.tell(ctx.params.news);
      },
      "$node.connected"() {
        presence.repeat();
      },
      "$node.disconnected"({ params }: Context<{ unexpected: boolean }>) {
        // it may have stored what it could not send any more
        if (params.unexpected) compareAll();
      },
      "nodes.gap"() {
        compareAll();
      },
    },
    methods: {
      initSocketIO(this: GatewayService) {
        const wsEngine = limitedWebSocketServer({ caps, timeout: times.message, unfinishedBytes }, refusedMessages);
        this.io = new SocketServer(socketServer, { ...socketOptions, wsEngine });
        useQuickIds(this.io);
        built().sockets.attach(this.io);
      },
      socketAuthorize(socket: GatewaySocket) {
        return built().sockets.authorize(socket);
      },
      socketSaveUser(socket: GatewaySocket, identity: Parameters<SocketGateway["remember"]>[1]) {
        built().sockets.remember(socket, identity);
      },
    },
    created(this: Service) {
      // No route has automatic aliases. moleculer-web would still set a timer of 0.5 s for them at each change of the
      // services, also while it stops: the process would end that much later.
      const service = this as GatewayService;
      service.regenerateAllAutoAliases = () => undefined;
      build(service);
    },
    async started(this: Service) {
      comparison = createRoomComparison(positions, async (batch) => {
        let isRead = false;
        const completed = (read: readonly RoomPosition[]) => {
          isRead = true;
          for (const position of read) positions.completed(position);
        };
        await tell(this.broker, "rooms.compare", { positions: batch, completed });
        if (!isRead) throw new Error("the rooms could not be read");
      });
      channel?.receiveWith({
        deliver: (delivery) => receive(built().sockets, delivery),
        missed(rooms) {
          built().sockets.doubt(rooms);
          comparison?.compareSoon(rooms);
        },
      });
      ticking = setInterval(() => {
        const here = presence.tick();
        if (here) announce(this.broker, "presence.here", here).catch((err: unknown) => log.error({ err }, "not told"));
      }, presenceTimes.window).unref();
    },
    async stopped(this: Service) {
      clearInterval(ticking);
      comparison?.stop();
      channel?.stop();
      // before the mixins' own: moleculer-io would leave connections that never became sockets, and they keep the
      // process alive
      (this as GatewayService).io?.disconnectSockets(true);
      const { server, upgrades } = built();
      server.closeAllConnections();
      await upgrades.close();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  } as ServiceSchema;

  return {
    schema,
    get isOpen() {
      return doors?.server.listening === true;
    },
    get sockets() {
      return doors?.sockets.open ?? 0;
    },
    get caps() {
      const { upgrades } = built();
      const handshakes = (options.limits ?? LIMITS).handshake.requests;
      const sources = { connections, withoutSession, backlog, unsent, history, messages: refusedMessages, upgrades };
      return readCaps({ ...sources, unfinishedBytes, caps, times, handshakes });
    },
    get ignoredAddresses() {
      return ignored.count;
    },
    async open() {
      const { server } = built();
      const port = await listen(server, { what: "gateway", host: config.host, port: config.port, variable: "PORT" });
      server.on("error", (err) => log.error({ err }, "server error"));
      if (config.origins.length === 0) for (const origin of localOrigins(port)) origins.add(origin);
      return port;
    },
    release() {
      if (doors) void doors.sockets.move(spreadOf(doors.sockets.open, RELEASE_TIME));
    },
    async drain() {
      const { web, sockets, server, upgrades } = built();
      // whose socket closes now comes back through another node: that is not for us to tell
      clearInterval(ticking);
      server.close();
      web.leave();
      sockets.refuseNew();
      const finished = sockets
        .move(spreadOf(sockets.open, config.drainTime / 2))
        .then(() => Promise.all([web.drain(), sockets.drain()]));
      await Promise.race([finished, delay(config.drainTime, undefined, { ref: false })]);
      server.closeAllConnections();
      await upgrades.close();
      refusals.sum();
    },
  };
}

/** What another node has sent. */
function receive(sockets: SocketGateway, delivery: Delivery): void {
  const { kind, room, users = [], position } = delivery;
  if (kind !== "left") sockets.broadcast(receivedEvent(delivery));
  else if (room !== undefined) for (const user of users) sockets.expel({ room, user, revision: position });
}

const leftDelivery = ({ room, user, revision }: Events["chat.left"]): Delivery => ({
  ...{ kind: "left", room, users: [user], except: undefined, epoch: "", position: revision, text: NO_TEXT },
});
const NO_TEXT = new Uint8Array();

/** Sockets that are closed in a second, where there is time, so that the other nodes let their clients in at once. */
const MOVED_PER_SECOND = 100;
/** Most milliseconds over which a node that must not serve closes its sockets. */
const RELEASE_TIME = 5_000;

/** Milliseconds over which so many sockets are closed, `most` at most. */
function spreadOf(sockets: number, most: number): number {
  return Math.min(most, (sockets / MOVED_PER_SECOND) * 1000);
}

const document = openApi();
