import { once } from "node:events";
import type { Server } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import type { DestinationStream, Logger } from "pino";
import { createBroker, nodeLinks } from "./broker.ts";
import { type ClockWatch, watchClock } from "./clock-watch.ts";
import type { Config } from "./config.ts";
import { checkHandlers } from "./contract/handlers.ts";
import { tell } from "./contract/index.ts";
import {
  type Asset,
  createGateway,
  createInternalServer,
  createMetrics,
  type Gateway,
  type LimitTable,
  listen,
  type ReadinessCheck,
  type ServerTimes,
} from "./gateway/index.ts";
import { bufferedOutput, createLog } from "./log.ts";
import { OUTBOX, postFor } from "./mail/index.ts";
import { type GivenModules, loadFeatures, startFeatures } from "./modules.ts";
import { NodesError } from "./nodes/index.ts";
import { outageLog } from "./outage-log.ts";
import { loadAssets } from "./page/index.ts";
import { type Database, openDatabase, WRITE_LIMIT_MS } from "./store/index.ts";
import { checkSurface, type SurfaceFile } from "./surface/mistakes.ts";
import { assets, RATE_CLASSES, ROLES, SOCKET_PATH, surfaceFiles } from "./surface.ts";

export interface Backend {
  /** `http://HOST:PORT`, with the port that was taken. */
  readonly url: string;
  /** Health and metrics; undefined when no internal port was asked for. */
  readonly internalUrl: string | undefined;
  /**
   * While there is no administrator: path of the page under which the first one registers. A secret; it is never
   * logged.
   */
  readonly setupPath: string | undefined;
  /** Folder that mails are put into while there is no mail server. */
  readonly outbox: string | undefined;
  readonly broker: ServiceBroker;
  readonly log: Logger;
  /** Resolves when this backend has to stop and end with an error, for example because its database was deleted. */
  readonly failed: Promise<Error>;
  /**
   * Finishes what is under way, within the configured time, and closes everything. The same promise when called again.
   */
  stop(): Promise<void>;
}

/** What tests and benchmarks replace. */
export interface BackendOptions {
  /** Where the log goes; the standard output when left out. */
  readonly log?: DestinationStream;
  readonly assets?: ReadonlyMap<string, Asset>;
  readonly limits?: LimitTable;
  readonly times?: ServerTimes;
  readonly modules?: GivenModules;
  /** Other surfaces than those of the features: what is wrong with them stops the start. */
  readonly surface?: readonly SurfaceFile[];
  /** Ends a start that waits for NATS: the start rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the database, the services and last the gateway, so that no request is accepted before the services run. The
 * port for health and metrics opens first: while the start waits for NATS the node is live and not ready. Throws a
 * SurfaceError, a FeatureError, a StoreError, a PortError or a NodesError that says what to do; nothing stays behind
 * then.
 */
export async function startBackend(config: Config, options: BackendOptions = {}): Promise<Backend> {
  const surface = options.surface ?? surfaceFiles;
  checkSurface(surface, KNOWN);
  const log = createLog(config, options.log ?? bufferedOutput());
  const assets = options.assets ?? (await loadAssets());
  const { dataDir, databaseUrl, unusedFeatures } = config;
  let compareRooms = (): void => undefined;
  // what was stored while the database's response was lost was not broadcast
  const outages = outageLog(log, () => compareRooms());
  const loaded = await loadFeatures(options.modules);
  const database = await openDatabase({ dataDir, databaseUrl, unusedFeatures, isBackend: true, outages }, loaded);
  const now = database.clock.now;
  const links = nodeLinks(config, log, now);
  const broker = createBroker(config, log, links);
  compareRooms = () =>
    void tell(broker, "nodes.gap", {}).catch((err: unknown) => log.error({ err }, "rooms were not compared"));
  const post = postFor(config, { log, throttles: database.throttles, clock: now });
  let site = config.origins[0] ?? "";
  let internal: Server | undefined;
  let watch: ClockWatch | undefined;
  const close = async () => {
    // a mail server and a NATS server that have stopped answering would be waited for without end
    await Promise.race([broker.stop(), delay(CLOSING, undefined, { ref: false })]);
    watch?.stop();
    await Promise.race([post.stop(), delay(CLOSING, undefined, { ref: false })]);
    await database.close();
    internal?.closeAllConnections();
    internal?.close();
  };
  try {
    const metrics =
      config.internalPort === undefined
        ? undefined
        : createMetrics(
            () => gateway.sockets,
            () => gateway.caps,
            () => gateway.ignoredAddresses,
          );
    let release: Gateway["release"] | undefined;
    watch = watchClock(database.clock, log, () => release?.());
    const { problem } = watch;
    const { services, sockets, setupPath } = startFeatures(loaded, {
      ...{ database, clock: now, config, post, site: () => site },
    });
    const gateway = createGateway(config, {
      ...{ ...options, log, assets, clock: now, problem, channel: links?.channel },
      writeLimitMs: WRITE_LIMIT_MS,
      features: sockets,
      throttles: database.throttles,
      ...(metrics && { finished: metrics.finished }),
    });
    release = () => gateway.release();
    checkHandlers(declaredActions(surface), [...services, gateway.schema]);
    for (const service of [...services, gateway.schema]) broker.createService(service);
    let internalUrl: string | undefined;
    if (metrics && config.internalPort !== undefined) {
      internal = createInternalServer(readiness(gateway, broker, database, watch), metrics);
      const place = { what: "internal port", host: config.host, port: config.internalPort, variable: "INTERNAL_PORT" };
      internalUrl = urlOf(config.host, await listen(internal, place));
      if (links) metrics.addCounter({ ...DROPPED_PACKETS, values: () => links.dropped.counts });
    }
    await unlessAborted(broker.start(), options.signal);
    if (links?.packets.isNameTaken()) {
      throw new NodesError(
        `Another node runs as ${broker.nodeID} (NODE_ID); it was left alone. Give each node a name of its own, ` +
          "or stop the other one first.",
      );
    }
    const url = urlOf(config.host, await gateway.open());
    // after the port is taken: a start that fails must not replace the link that a running backend has printed
    const setup = await setupPath();
    site ||= url;
    const outbox = config.mail ? undefined : join(config.dataDir, OUTBOX);
    log.info({ url, internalUrl, mail: outbox ?? "smtp" }, "backend started");
    let stopping: Promise<void> | undefined;
    const stop = async () => {
      await gateway.drain();
      await close();
      log.info("backend stopped");
    };
    return {
      url,
      internalUrl,
      setupPath: setup,
      outbox,
      broker,
      log,
      failed: database.lost,
      stop() {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Rejects with the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  return Promise.race([work, once(signal, "abort").then(() => Promise.reject(signal.reason))]);
}

const KNOWN = { roles: ROLES, rates: Object.keys(RATE_CLASSES), taken: [...assets, SOCKET_PATH] };

/** Every action that a service has to have, and where it is declared. */
function declaredActions(surface: readonly SurfaceFile[]): { readonly action: string; readonly file: string }[] {
  return surface.flatMap(({ file, http = [], socket = [], actions = {} }) => [
    ...[...http, ...socket].map(({ action }) => ({ action, file })),
    ...Object.keys(actions).map((action) => ({ action, file })),
  ]);
}

const DROPPED_PACKETS = {
  name: "causeway_node_packets_dropped_total",
  help: "Packets of other nodes, or of strangers on NATS, that were dropped",
  label: "reason",
} as const;

/** Milliseconds for each of the things that are told to close. */
const CLOSING = 5_000;

/** The services whose actions are declared: each of them has to run on some node. */
const SERVICES = [...new Set(declaredActions(surfaceFiles).map(({ action }) => action.split(".", 1)[0] ?? ""))];

/** The services that some node offers now. */
function available(broker: ServiceBroker): ReadonlySet<string> {
  return new Set(broker.registry.getServiceList({ onlyAvailable: true }).map(({ name }) => name));
}

/**
 * What has to work before requests are sent here: the machine's clock, the gateway, the services behind it, writing to
 * the database.
 */
function readiness(
  gateway: Gateway,
  broker: ServiceBroker,
  database: Database,
  { problem }: ClockWatch,
): readonly ReadinessCheck[] {
  return [
    { name: "clock", run: async () => problem() ?? true },
    { name: "gateway", run: async () => gateway.isOpen },
    { name: "services", run: async () => SERVICES.every((name) => available(broker).has(name)) },
    { name: "store", run: () => database.checkWritable().then(() => true) },
  ];
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** How a process that runs a backend ends: by a signal, or by a bug of ours. */
export interface Ending {
  once(event: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  on(event: "unhandledRejection" | "uncaughtException", listener: (thrown: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Stops the backend on SIGINT and SIGTERM and exits 0. A failure of the backend is logged and ends the process with 1.
 * So does, on purpose, a rejection or exception without a handler: the state is unknown then, and a service manager
 * starts the backend again.
 */
export function endWith(backend: Backend, on: Ending = process): void {
  const stop = (code: number) => () => {
    backend.stop().then(
      () => on.exit(code),
      (err: unknown) => {
        backend.log.fatal({ err }, "could not stop in order");
        on.exit(1);
      },
    );
  };
  on.once("SIGINT", stop(0));
  on.once("SIGTERM", stop(0));
  backend.failed.then((problem) => {
    backend.log.fatal(problem.message);
    stop(1)();
  });
  for (const event of ["unhandledRejection", "uncaughtException"] as const) {
    on.on(event, (thrown) => {
      backend.log.fatal({ err: thrown }, event);
      stop(1)();
    });
  }
}
