import { randomUUID } from "node:crypto";
import { type BrokerOptions, INTERNAL_MIDDLEWARES, ServiceBroker } from "moleculer";
import type { Logger } from "pino";
import { authorization } from "./authorization.ts";
import type { Config } from "./config.ts";
import { BrokerLog } from "./log.ts";

/**
 * The broker's options, with its middlewares in the right order. Moleculer puts the first of the list innermost; its own order runs
 * the cache and the validator before anything of ours, so that a stranger gets cached secrets. Authorization stands right outside the
 * cache. There is no `call` hook: an asynchronous one mixes up the contexts of concurrent calls (moleculer#1270).
 */
export function brokerOptions(config: Pick<Config, "natsUrl" | "nodeId">, log: Logger): BrokerOptions {
  return {
    namespace: "causeway",
    nodeID: config.nodeId ?? `node-${randomUUID()}`,
    logger: new BrokerLog(log),
    internalServices: false, // $node would tell anybody who reaches it the broker's options
    internalMiddlewares: false,
    middlewares: INTERNAL_MIDDLEWARES.flatMap((name) => (name === "Cacher" ? [name, authorization] : [name])),
    transporter: config.natsUrl === undefined ? null : { type: "NATS", options: { url: config.natsUrl } },
    requestTimeout: 10_000,
    maxCallLevel: 20,
    tracking: { enabled: true, shutdownTimeout: 5_000 },
    registry: { stopDelay: config.natsUrl === undefined ? 0 : 100 },
    skipProcessEventRegistration: true, // main.ts decides what a signal does
  };
}

export function createBroker(config: Pick<Config, "natsUrl" | "nodeId">, log: Logger): ServiceBroker {
  return new ServiceBroker(brokerOptions(config, log));
}
