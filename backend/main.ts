import type { ServiceBroker } from "moleculer";
import type { DestinationStream, Logger } from "pino";
import { createBroker } from "./broker.ts";
import type { Config } from "./config.ts";
import type { Asset } from "./gateway/assets.ts";
import type { LimitTable } from "./gateway/limits.ts";
import type { ServerTimes } from "./gateway/server.ts";
import { createLog } from "./log.ts";
import { createGateway } from "./services/gateway.service.ts";
import { createServices } from "./services/index.ts";
import { openStore } from "./store/index.ts";
import { loadAssets } from "./web/index.ts";

export interface Backend {
  /** `http://HOST:PORT`, with the port that was taken. */
  readonly url: string;
  readonly broker: ServiceBroker;
  readonly log: Logger;
  /** Finishes what is under way, within the configured time, and closes everything. The same promise when called again. */
  stop(): Promise<void>;
}

/** What tests and benchmarks replace. */
export interface BackendOptions {
  /** Where the log goes; the standard output when left out. */
  readonly log?: DestinationStream;
  readonly assets?: ReadonlyMap<string, Asset>;
  readonly limits?: LimitTable;
  readonly times?: ServerTimes;
}

/**
 * Starts the store, the services and last the gateway, so that nobody is let in before there is somebody to answer. Throws a
 * StoreError or a PortError that says what to do; nothing stays behind then.
 */
export async function startBackend(config: Config, options: BackendOptions = {}): Promise<Backend> {
  const log = createLog(config, options.log);
  const assets = options.assets ?? (await loadAssets());
  const store = await openStore(config);
  const broker = createBroker(config, log);
  let stopping: Promise<void> | undefined;
  try {
    const gateway = createGateway(config, { ...options, log, assets });
    for (const service of createServices({ store })) broker.createService(service);
    broker.createService(gateway.schema);
    await broker.start();
    const port = await gateway.open();
    const url = `http://${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`;
    log.info({ url }, "backend started");
    const stop = async () => {
      await gateway.drain();
      await broker.stop();
      await store.close();
      log.info("backend stopped");
    };
    return {
      url,
      broker,
      log,
      stop() {
        stopping ??= stop();
        return stopping;
      },
    };
  } catch (error) {
    await broker.stop();
    await store.close();
    throw error;
  }
}

/** How a process that runs a backend ends: by a signal, or by a bug of ours. */
export interface Ending {
  once(event: "SIGINT" | "SIGTERM", listener: () => void): unknown;
  on(event: "unhandledRejection" | "uncaughtException", listener: (thrown: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Stops the backend on SIGINT and SIGTERM and exits 0. A rejection or exception that nobody handled is logged and ends the process
 * with 1 on purpose: its state is unknown, and whoever started it starts it again.
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
  for (const event of ["unhandledRejection", "uncaughtException"] as const) {
    on.on(event, (thrown) => {
      backend.log.fatal({ err: thrown }, event);
      stop(1)();
    });
  }
}
