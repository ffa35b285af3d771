import { setTimeout as delay } from "node:timers/promises";
import type { Service, ServiceSchema } from "moleculer";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { NodeChannel } from "../nodes/index.ts";
import { type HttpEntry, http, type NamespaceEntry, namespaces as surfaceNamespaces } from "../surface.ts";
import type { Throttles } from "../throttle/throttle.ts";
import { memoryThrottles } from "../throttle/throttle-memory.ts";
import { AssertionGuard } from "./assertion-guard.ts";
import { gatewayService } from "./gateway.service.ts";
import { createHandlers, type GatewayHandlers, type HandlerParts } from "./handlers.ts";
import type { Asset } from "./http/assets.ts";
import { listen } from "./http/server.ts";
import type { CapReading, CapTable } from "./limits/caps/table.ts";
import type { LimitTable } from "./limits/limits.ts";
import { NodeLimits } from "./limits/node-limits.ts";
import { localOrigins, originClassifier } from "./limits/origins.ts";
import { RefusalLog } from "./limits/refusal-log.ts";
import type { ServerTimes } from "./limits/server-times.ts";
import type { FinishedRequest } from "./metrics.ts";
import type { SocketFeature } from "./sockets/socket-feature.ts";
import { Streams } from "./streams/index.ts";

export interface GatewayOptions {
  readonly log: Logger;
  /** The files of the page: exactly those that the surface lists. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** The features that have socket calls, channels or handlers of opened and closed sockets. */
  readonly features?: readonly SocketFeature[];
  /** HTTP entries to serve; those of the surface when left out. */
  readonly entries?: readonly HttpEntry[];
  /** Namespaces to serve; those of the surface when left out. */
  readonly namespaces?: readonly NamespaceEntry[];
  /** Rate limits; those of the surface when left out. */
  readonly limits?: LimitTable;
  readonly caps?: CapTable;
  readonly times?: ServerTimes;
  /** Milliseconds since 1970, for all nodes alike; the machine's own when left out. */
  readonly clock?: () => number;
  /** Counts for all nodes together; when left out, this node counts alone. */
  readonly throttles?: Throttles;
  /** Why nothing may be served at the moment; undefined while it may. */
  readonly problem?: () => string | undefined;
  /** Gets every request and call that was responded to. */
  readonly finished?: (facts: FinishedRequest) => void;
  /** Exchanges broadcasts with the other nodes; undefined when this is the only node. */
  readonly channel?: NodeChannel | undefined;
  /** Milliseconds after which a transaction that another node has begun is committed, or never will be. */
  readonly writeLimitMs?: number;
}

/** Sockets and server-sent events that are closed in a second, so that the other nodes can accept their clients. */
const MOVED_PER_SECOND = 100;
/** Maximum milliseconds over which a node that may not serve closes its sockets. */
const MAX_RELEASE_MS = 5_000;
/** Maximum milliseconds that a drain that took too long waits for running calls: as long as a statement may take. */
const UNFINISHED_CALLS_MS = 10_000;

/** The gateway of one node: a service for the broker, and a port that `open` opens after all services have started. */
export class Gateway {
  readonly schema: ServiceSchema;
  readonly #config: Config;
  readonly #limits: NodeLimits;
  readonly #refusals: RefusalLog;
  readonly #origins: Set<string>;
  readonly #streams: Streams;
  readonly #parts: HandlerParts;
  #created: GatewayHandlers | undefined;

  constructor(config: Config, options: GatewayOptions) {
    const { log, channel, throttles, clock = Date.now, entries = http, features = [] } = options;
    const { namespaces = surfaceNamespaces } = options;
    const isUnfit = () => options.problem?.() !== undefined;
    this.#config = config;
    this.#limits = new NodeLimits({
      ...{ log, trustedPeers: config.trustedPeers, shared: throttles && { throttles, clock } },
      ...{ limits: options.limits, caps: options.caps, times: options.times },
    });
    this.#refusals = new RefusalLog(log);
    this.#origins = new Set(config.origins);
    this.#streams = new Streams({
      ...{ entries, clock, isUnfit, refusals: this.#refusals, limits: this.#limits },
      ...{ throttles: throttles ?? memoryThrottles(), webhookSecrets: config.webhookSecrets },
    });
    this.#parts = {
      streams: this.#streams,
      ...{ log, clock, channel, entries, features, namespaces, assets: options.assets, logSample: config.logSample },
      limits: this.#limits,
      refusals: this.#refusals,
      finished: options.finished,
      assertions: config.access && new AssertionGuard(config.access, log, clock),
      isUnfit,
      writeLimitMs: options.writeLimitMs,
      originKind: originClassifier(this.#origins),
    };
    this.schema = gatewayService({
      streams: this.#streams,
      namespaces,
      limits: this.#limits,
      create: (service) => this.#create(service),
      handlers: () => this.#handlers,
    });
  }

  /** Whether it takes requests. */
  get isOpen(): boolean {
    return this.#created?.server.listening === true;
  }

  /** Sockets that are connected now. */
  get sockets(): number {
    return (this.#created?.sockets.open ?? 0) + (this.#created?.namespaces.open ?? 0);
  }

  /** The limits of what clients may hold, and what they hold now. */
  get caps(): readonly CapReading[] {
    const { upgrades, namespaces } = this.#handlers;
    return this.#limits.readings({ upgrades, streams: this.#streams.readings, namespaces: namespaces.readings });
  }

  /** Requests whose `CF-Connecting-IP` was ignored, because their peer is not trusted. */
  get ignoredAddresses(): number {
    return this.#limits.ignored.count;
  }

  /** Opens the port; resolves with its number. Rejects with a PortError when the address cannot be used. */
  async open(): Promise<number> {
    const { server } = this.#handlers;
    const { host, port, origins } = this.#config;
    const taken = await listen(server, { what: "gateway", host, port, variable: "PORT" });
    server.on("error", (err) => this.#parts.log.error({ err }, "server error"));
    if (origins.length === 0) for (const origin of localOrigins(taken)) this.#origins.add(origin);
    return taken;
  }

  /** Serves other files of the page from now on. Throws where they are not those of the surface. */
  replacePage(assets: ReadonlyMap<string, Asset>): void {
    this.#handlers.http.replaceAssets(assets);
  }

  /**
   * Closes the sockets of this node one after the other, and its server-sent events, so that their clients connect to
   * another node.
   */
  release(): void {
    if (!this.#created) return;
    const spread = spreadMs(this.sockets + this.#streams.readings.streams.used, MAX_RELEASE_MS);
    void this.#move(spread);
    this.#streams.release(spread);
  }

  /**
   * Refuses new clients, closes one socket after the other while it serves the rest, waits for running requests and
   * calls, and closes every connection; all within the configured time. For calls that take longer it waits as long
   * again, at most ten seconds.
   */
  async drain(): Promise<void> {
    const { http, sockets, namespaces, server, upgrades } = this.#handlers;
    const { drainTimeMs } = this.#config;
    server.close();
    http.closeAfterResponses();
    sockets.refuseNew();
    namespaces.refuseNew();
    const finished = this.#move(spreadMs(this.sockets, drainTimeMs / 2)).then(() =>
      Promise.all([http.drain(), sockets.drain(), namespaces.drain()]),
    );
    await Promise.race([finished, delay(drainTimeMs, undefined, { ref: false })]);
    server.closeAllConnections();
    await upgrades.close();
    // a call whose client is gone may still store a message, which this node then has to broadcast
    await Promise.race([finished, delay(Math.min(drainTimeMs, UNFINISHED_CALLS_MS), undefined, { ref: false })]);
    this.#refusals.writeSummary();
  }

  #move(spread: number): Promise<unknown> {
    const { sockets, namespaces } = this.#handlers;
    return Promise.all([sockets.move(spread), namespaces.move(spread)]);
  }

  get #handlers(): GatewayHandlers {
    if (!this.#created) throw new Error("The gateway's service was not created.");
    return this.#created;
  }

  #create(service: Service): GatewayHandlers {
    this.#streams.mount(service);
    this.#created = createHandlers(this.#parts, service.broker);
    return this.#created;
  }
}

export function createGateway(config: Config, options: GatewayOptions): Gateway {
  return new Gateway(config, options);
}

/** Milliseconds over which so many sockets are closed, at most `maxMs`. */
function spreadMs(sockets: number, maxMs: number): number {
  return Math.min(maxMs, (sockets / MOVED_PER_SECOND) * 1000);
}
