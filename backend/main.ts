import { once } from "node:events";
import { join } from "node:path";
import type { ServiceBroker } from "moleculer";
import type { DestinationStream, Logger } from "pino";
import type { Config } from "./config.ts";
import { checkHandlers } from "./contract/handlers.ts";
import { type Foundation, openFoundation } from "./foundation.ts";
import {
  type Asset,
  createGateway,
  createInternalServer,
  createMetrics,
  type Gateway,
  type LimitTable,
  listen,
  type Metrics,
  type ReadinessCheck,
  type ServerTimes,
} from "./gateway/index.ts";
import { createLog } from "./log.ts";
import { BufferedOutput } from "./log-output.ts";
import { OUTBOX } from "./mail/index.ts";
import { type LoadedFeature, loadFeatures, type ReplacedModules, startFeatures } from "./modules.ts";
import { NodesError } from "./nodes/index.ts";
import { loadAssets } from "./page/index.ts";
import { WRITE_LIMIT_MS } from "./store/index.ts";
import { checkSurface, type SurfaceFile } from "./surface/mistakes.ts";
import { assets, ROLES, SOCKET_PATH, surfaceFiles } from "./surface.ts";

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
  /** The folder into which mails are written while there is no mail server. */
  readonly outbox: string | undefined;
  readonly broker: ServiceBroker;
  readonly log: Logger;
  /** Resolves when this backend has to stop and end with an error, for example because its database was deleted. */
  readonly failed: Promise<Error>;
  /** Serves other files of the page from now on. Throws where they are not those of the surface. */
  replacePage(assets: ReadonlyMap<string, Asset>): void;
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
  readonly modules?: ReplacedModules;
  /** Other surfaces than those of the features: what is wrong with them stops the start. */
  readonly surface?: readonly SurfaceFile[];
  /** Aborts a start that waits for NATS: the start rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Loads every feature, and checks what they declare, without opening anything. Throws a SurfaceError or a FeatureError
 * that says what to do. A start does it too.
 */
export function loadProgram(
  surface: readonly SurfaceFile[] = surfaceFiles,
  modules: ReplacedModules = {},
): Promise<readonly LoadedFeature[]> {
  checkSurface(surface, SURFACE_NAMES);
  return loadFeatures(modules);
}

/**
 * Starts the database, the services and last the gateway, so that no request is accepted before the services run. The
 * port for health and metrics opens first: while the start waits for NATS the node is live and not ready. Throws a
 * SurfaceError, a FeatureError, a StoreError, a PortError or a NodesError that says what to do; nothing stays behind
 * then.
 */
export async function startBackend(config: Config, options: BackendOptions = {}): Promise<Backend> {
  const surface = options.surface ?? surfaceFiles;
  const loaded = await loadProgram(surface, options.modules);
  const log = createLog(config, options.log ?? new BufferedOutput());
  const assets = options.assets ?? (await loadAssets());
  let gateway: Gateway | undefined;
  const foundation = await openFoundation(config, log, loaded, () => gateway?.release());
  const { broker, database, links } = foundation;
  let internal: InternalPort | undefined;
  const close = async () => {
    await foundation.close();
    internal?.close();
  };
  try {
    let site = config.origins[0] ?? "";
    const { services, sockets, setupPath } = startFeatures(loaded, {
      ...{ database, clock: database.clock.now, config, post: foundation.post, site: () => site },
    });
    const metrics = config.internalPort === undefined ? undefined : metricsOf(() => gateway);
    const opened = createGateway(config, {
      ...{ ...options, log, assets, clock: database.clock.now, problem: foundation.watch.problem },
      ...{ channel: links?.channel, features: sockets, throttles: database.throttles },
      writeLimitMs: WRITE_LIMIT_MS,
      ...(metrics && { finished: metrics.finished }),
    });
    gateway = opened;
    checkHandlers(declaredActions(surface), [...services, opened.schema]);
    for (const service of [...services, opened.schema]) broker.createService(service);
    if (metrics) internal = await openInternalPort(config, foundation, opened, metrics);
    await unlessAborted(broker.start(), options.signal);
    if (links?.packets.isNodeIdTaken()) throw nameTaken(broker.nodeID);
    const url = urlOf(config.host, await opened.open());
    // after the port is open: a start that fails must not make the setup link of a running backend invalid
    const setup = await setupPath();
    site ||= url;
    const outbox = config.mail ? undefined : join(config.dataDir, OUTBOX);
    log.info({ url, internalUrl: internal?.url, mail: outbox ?? "smtp" }, "backend started");
    let stopping: Promise<void> | undefined;
    const stop = async () => {
      await opened.drain();
      await close();
      log.info("backend stopped");
    };
    return {
      ...{ url, internalUrl: internal?.url, setupPath: setup, outbox, broker, log, failed: database.lost },
      replacePage: (files) => opened.replacePage(files),
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

/** Makes the counters for `/metrics`. The gateway is created after them. */
function metricsOf(gateway: () => Gateway | undefined): Metrics {
  return createMetrics(
    () => gateway()?.sockets ?? 0,
    () => gateway()?.caps ?? [],
    () => gateway()?.ignoredAddresses ?? 0,
  );
}

/** The port for health and metrics. */
interface InternalPort {
  readonly url: string;
  close(): void;
}

async function openInternalPort(
  { host, internalPort: port = 0 }: Config,
  foundation: Foundation,
  gateway: Gateway,
  metrics: Metrics,
): Promise<InternalPort> {
  const server = createInternalServer(readinessOf(foundation, gateway), metrics);
  const url = urlOf(host, await listen(server, { what: "internal port", host, port, variable: "INTERNAL_PORT" }));
  const { links } = foundation;
  if (links) metrics.addCounter({ ...DROPPED_PACKETS, values: () => links.dropped.counts });
  return {
    url,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function nameTaken(nodeId: string): NodesError {
  return new NodesError(
    `Another node runs as ${nodeId} (NODE_ID); it was left alone. Give each node a name of its own, ` +
      "or stop the other one first.",
  );
}

/** Rejects with the signal's reason as soon as it is aborted. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  signal.throwIfAborted();
  return Promise.race([work, once(signal, "abort").then(() => Promise.reject(signal.reason))]);
}

const SURFACE_NAMES = { roles: ROLES, takenPaths: [...assets, SOCKET_PATH] };

/** Every action for which a service needs a handler, and the file that declares it. */
function declaredActions(surface: readonly SurfaceFile[]): { readonly action: string; readonly file: string }[] {
  return surface.flatMap(({ file, http = [], socket = [], namespaces = [], actions = {} }) => [
    ...[...http, ...socket, ...namespaces.flatMap(({ calls }) => calls)].map(({ action }) => ({ action, file })),
    ...Object.keys(actions).map((action) => ({ action, file })),
  ]);
}

const DROPPED_PACKETS = {
  name: "causeway_node_packets_dropped_total",
  help: "Packets of other nodes, or of unknown clients of NATS, that were dropped",
  label: "reason",
} as const;

/** The services that have declared actions. The node is ready when each of them runs on some node. */
const SERVICES = [...new Set(declaredActions(surfaceFiles).map(({ action }) => action.split(".", 1)[0] ?? ""))];

/** The services that run on some node now. */
function availableServices(broker: ServiceBroker): ReadonlySet<string> {
  return new Set(broker.registry.getServiceList({ onlyAvailable: true }).map(({ name }) => name));
}

/**
 * The checks of readiness: the machine's clock, the gateway, the services behind it, and writing to the database.
 */
function readinessOf({ broker, database, watch }: Foundation, gateway: Gateway): readonly ReadinessCheck[] {
  return [
    { name: "clock", run: async () => watch.problem() ?? true },
    { name: "gateway", run: async () => gateway.isOpen },
    { name: "services", run: async () => SERVICES.every((name) => availableServices(broker).has(name)) },
    { name: "store", run: () => database.checkWritable().then(() => true) },
  ];
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The part of `process` that ends a backend: signals, errors without a handler, the exit. */
export interface EndedProcess {
  once(event: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  on(event: "unhandledRejection" | "uncaughtException", listener: (thrown: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Stops the backend on SIGINT and SIGTERM, and exits with 0. A failure of the backend is logged, and exits with 1. So
 * does a rejection or exception without a handler: the state of the process is unknown then, and a service manager
 * starts the backend again.
 */
export function endWith(backend: Backend, on: EndedProcess = process): void {
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
