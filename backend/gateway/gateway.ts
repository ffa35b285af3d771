import { setTimeout as delay } from "node:timers/promises";
import type { Service, ServiceSchema } from "moleculer";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { NodeChannel } from "../nodes/index.ts";
import { type HttpEntry, http, type NamespaceEntry, namespaces as surfaceNamespaces } from "../surface.ts";
import type { Throttles } from "../throttle/throttle.ts";
import { memoryThrottles } from "../throttle/throttle-memory.ts";
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
import type { Finished } from "./metrics.ts";
import type { SocketFeature } from "./sockets/socket-feature.ts";
import { Streams } from "./streams/index.ts";

export interface GatewayOptions {
  readonly log: Logger;
  /** The files of the page, exactly those that the surface lists. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** What features do with sockets. */
  readonly features?: readonly SocketFeature[];
  /** Other HTTP entries than the surface's. */
  readonly entries?: readonly HttpEntry[];
  /** Other namespaces than the surface's. */
  readonly namespaces?: readonly NamespaceEntry[];
  /** Other limits than the surface's. */
  readonly limits?: LimitTable;
  readonly caps?: CapTable;
  readonly times?: ServerTimes;
  /** Milliseconds since 1970, for all nodes alike; the machine's own when left out. */
  readonly clock?: () => number;
  /** Where all nodes count limits together; when left out, this node counts by itself. */
  readonly throttles?: Throttles;
  /** Why nothing may be served at the moment; undefined while it may. */
  readonly problem?: () => string | undefined;
  /** Gets every request and call that was responded to. */
  readonly finished?: (facts: Finished) => void;
  /** Sends to the sockets of other nodes, and receives what they send; undefined for a node that is alone. */
  readonly channel?: NodeChannel | undefined;
  /** Milliseconds after which what another node has begun to store is stored, or never will be. */
  readonly writeLimitMs?: number;
}

/**
 * Sockets, and server-sent events, that are closed in a second, where there is time, so that the other nodes let their
 * clients in at once.
 */
const MOVED_PER_SECOND = 100;
/** Most milliseconds over which a node that must not serve closes its sockets. */
const RELEASE_MS = 5_000;
/**
 * Most milliseconds for which a drain that has run out waits for calls under way: as long as a statement may take.
 */
const SETTLE_MS = 10_000;

/** The gateway of one node: a service for the broker, and a port that opens when the other services have started. */
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

  /** Listens; resolves with the port. Rejects with a PortError when the address cannot be had. */
  async open(): Promise<number> {
    const { server } = this.#handlers;
    const { host, port, origins } = this.#config;
    const taken = await listen(server, { what: "gateway", host, port, variable: "PORT" });
    server.on("error", (err) => this.#parts.log.error({ err }, "server error"));
    if (origins.length === 0) for (const origin of localOrigins(taken)) this.#origins.add(origin);
    return taken;
  }

  /**
   * Closes the sockets of this node one after the other, and its server-sent events, so that their clients go to
   * another one.
   */
  release(): void {
    if (!this.#created) return;
    const spread = spreadMs(this.sockets + this.#streams.readings.streams.used, RELEASE_MS);
    void this.#move(spread);
    this.#streams.release(spread);
  }

  /**
   * Lets no client in any more, closes one socket after the other while it serves the rest, finishes what is under way,
   * and closes every connection; all within the configured time. Where calls take longer, it waits as long again, ten
   * seconds at most.
   */
  async drain(): Promise<void> {
    const { http, sockets, namespaces, server, upgrades } = this.#handlers;
    const { drainTimeMs } = this.#config;
    server.close();
    http.leave();
    sockets.refuseNew();
    namespaces.refuseNew();
    const finished = this.#move(spreadMs(this.sockets, drainTimeMs / 2)).then(() =>
      Promise.all([http.drain(), sockets.drain(), namespaces.drain()]),
    );
    await Promise.race([finished, delay(drainTimeMs, undefined, { ref: false })]);
    server.closeAllConnections();
    await upgrades.close();
    // what is under way for clients that are gone may still be stored: then this node broadcasts it
    await Promise.race([finished, delay(Math.min(drainTimeMs, SETTLE_MS), undefined, { ref: false })]);
    this.#refusals.sum();
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

/** Milliseconds over which so many sockets are closed, `most` at most. */
function spreadMs(sockets: number, most: number): number {
  return Math.min(most, (sockets / MOVED_PER_SECOND) * 1000);
}
