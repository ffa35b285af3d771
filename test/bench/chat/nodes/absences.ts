import { setTimeout as delay } from "node:timers/promises";
import { startBalancer } from "../site/balancer.ts";
import { startSite } from "../site/site.ts";
import { Crowd } from "./crowd.ts";

const NODES = 3;
/** Milliseconds that clients talk before a node goes, and after it. */
const BEFORE_MS = 2_000;
const AFTER_MS = 12_000;

/** For how many milliseconds each client of a node was away when the node went. */
export interface Absences {
  /** After SIGTERM. */
  readonly stopped: readonly number[];
  /** After kill -9. */
  readonly killed: readonly number[];
}

/** Stops one of three nodes in order while clients talk, and kills it, so many times each. */
export async function measureAbsences(clients: number, perSecond: number, times: number): Promise<Absences> {
  const site = await startSite({ nodes: NODES, accounts: clients });
  const balancer = await startBalancer(site.nodes.map(({ port }) => port));
  const crowd = new Crowd(site.accounts);
  /** One node goes, all its clients come back, and the node comes back. */
  async function without(n: number, how: "stop" | "kill"): Promise<readonly number[]> {
    // as many clients on each node; one that has lost its node takes any other
    const first = new Set<number>();
    await crowd.connect((client) => {
      const own = site.nodes[client % NODES]?.port ?? 0;
      if (first.has(client)) return balancer.order();
      first.add(client);
      return [own];
    });
    crowd.away.length = 0;
    const talk = crowd.talk(perSecond, BEFORE_MS + AFTER_MS);
    await delay(BEFORE_MS);
    await site.nodes[n]?.[how]();
    await talk;
    await crowd.untilBack();
    await site.nodes[n]?.start();
    return [...crowd.away];
  }
  try {
    const stopped: number[] = [];
    const killed: number[] = [];
    for (let time = 0; time < times; time += 1) {
      stopped.push(...(await without(time % NODES, "stop")));
      killed.push(...(await without((time + 1) % NODES, "kill")));
    }
    return { stopped, killed };
  } finally {
    await crowd.close();
    await balancer.close();
    await site.stop();
  }
}
