import { setTimeout as delay } from "node:timers/promises";
import type { CuttableProxy } from "../../../backend/client/cuttable-proxy.ts";
import type { Site } from "../site/site.ts";

/** What happens to the site while its clients talk. */
export interface Accident {
  readonly name: string;
  /** Whether the short run has it. */
  readonly isInShort?: boolean;
  run(site: Site, clients: { resetAll(): void }): Promise<void>;
}

/** New connections to NATS are refused and those that are open end. */
async function cutFor(seconds: number, ways: readonly CuttableProxy[]): Promise<void> {
  for (const way of ways) {
    way.refuse(true);
    way.cut();
  }
  await delay(seconds * 1000);
  for (const way of ways) way.refuse(false);
}

/** Packets to and from NATS are kept back and come later, as when a network is away. */
async function holdFor(seconds: number, ways: readonly CuttableProxy[]): Promise<void> {
  for (const way of ways) way.hold(true);
  await delay(seconds * 1000);
  for (const way of ways) way.hold(false);
}

async function killAndStart({ nodes }: Site, n: number, seconds: number): Promise<void> {
  await nodes[n]?.kill();
  await delay(seconds * 1000);
  await nodes[n]?.start();
}

const stopPostgres = (seconds: number, how: "fast" | "immediate") => async (site: Site) => {
  await site.cluster.halt(how);
  await delay(seconds * 1000);
  await site.cluster.resume();
};

/** In the order in which they happen. */
export const ACCIDENTS: readonly Accident[] = [
  { name: "kill -9 of node 1, started after 2 s", isInShort: true, run: (site) => killAndStart(site, 0, 2) },
  { name: "NATS cut for all nodes, 0.3 s", run: ({ ways }) => cutFor(0.3, ways) },
  { name: "NATS cut for node 2, 3 s", isInShort: true, run: ({ ways }) => cutFor(3, ways.slice(1, 2)) },
  { name: "NATS held for node 3, 5 s", run: ({ ways }) => holdFor(5, ways.slice(2, 3)) },
  {
    name: "rolling stop of all nodes",
    isInShort: true,
    async run({ nodes }) {
      for (const node of nodes) {
        await node.stop();
        await node.start();
        await delay(1_000);
      }
    },
  },
  { name: "PostgreSQL stopped (immediate), 4 s", isInShort: true, run: stopPostgres(4, "immediate") },
  { name: "NATS held for all nodes, 15 s", run: ({ ways }) => holdFor(15, ways) },
  { name: "all clients' connections reset", isInShort: true, run: async (_site, clients) => clients.resetAll() },
  { name: "nats-server stopped, 5 s", run: (site) => site.restartNats(() => delay(5_000)) },
  {
    name: "kill -9 of node 2 while NATS is cut, 3 s",
    async run(site) {
      const [, way] = site.ways;
      await Promise.all([cutFor(3, way ? [way] : []), delay(1_000).then(() => killAndStart(site, 1, 1))]);
    },
  },
  { name: "PostgreSQL restarted (fast)", run: stopPostgres(0, "fast") },
  { name: "NATS cut for node 1, 10 s", run: ({ ways }) => cutFor(10, ways.slice(0, 1)) },
  {
    name: "kill -9 of nodes 1 and 3 at once",
    run: (site) => Promise.all([killAndStart(site, 0, 3), killAndStart(site, 2, 1)]).then(() => undefined),
  },
];
