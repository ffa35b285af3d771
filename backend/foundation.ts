import { setTimeout as delay } from "node:timers/promises";
import type { ServiceBroker } from "moleculer";
import type { Logger } from "pino";
import { createBroker, type NodeLinks, nodeLinks } from "./broker.ts";
import { type ClockWatch, watchClock } from "./clock-watch.ts";
import type { Config } from "./config.ts";
import { announceHere } from "./contract/index.ts";
import { type Post, postFor } from "./mail/index.ts";
import type { LoadedFeature } from "./modules.ts";
import { outageLog } from "./outage-log.ts";
import { type Database, openDatabase } from "./store/index.ts";

/** What the services and the gateway of a node use: the database, the broker, the post. */
export interface Foundation {
  readonly database: Database;
  /** Undefined without NATS. */
  readonly links: NodeLinks | undefined;
  /** Not started yet. */
  readonly broker: ServiceBroker;
  readonly post: Post;
  readonly watch: ClockWatch;
  /** Stops the broker, and closes everything else. */
  close(): Promise<void>;
}

/** Maximum milliseconds for which a stopping node waits for NATS, and for the mail server: they may not respond. */
const MAX_CLOSING_MS = 5_000;

/**
 * Opens the database, and makes everything that the services of a node need. Throws a StoreError or a NodesError;
 * nothing stays open then.
 *
 * @param onUnfit called when the machine's clock is so wrong that the node must not serve
 */
export async function openFoundation(
  config: Config,
  log: Logger,
  features: readonly LoadedFeature[],
  onUnfit: () => void,
): Promise<Foundation> {
  const { dataDir, databaseUrl, unusedFeatures } = config;
  let compareChannels = (): void => undefined;
  // an outage may have lost the response to a commit: then a message is stored that was not broadcast
  const outages = outageLog(log, () => compareChannels());
  const database = await openDatabase({ dataDir, databaseUrl, unusedFeatures, isBackend: true, outages }, features);
  try {
    const now = database.clock.now;
    const links = nodeLinks(config, log, now);
    const broker = createBroker(config, log, links);
    compareChannels = () =>
      void announceHere(broker, "nodes.gap", {}).catch((err: unknown) =>
        log.error({ err }, "channels were not compared"),
      );
    const post = postFor(config, { log, throttles: database.throttles, clock: now });
    const watch = watchClock(database.clock, log, onUnfit);
    return {
      ...{ database, links, broker, post, watch },
      async close() {
        await withinClosingTime(broker.stop());
        watch.stop();
        await withinClosingTime(post.stop());
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function withinClosingTime(stopped: Promise<void>): Promise<void> {
  return Promise.race([stopped, delay(MAX_CLOSING_MS, undefined, { ref: false })]);
}
