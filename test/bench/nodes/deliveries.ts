import { setTimeout as delay } from "node:timers/promises";
import type { Site } from "../site/site.ts";
import { startSite } from "../site/site.ts";
import { Crowd, ROOM_OF } from "./crowd.ts";

/** Messages for each node before anything is measured: until its code is compiled. */
const WARM_MESSAGES = 4_000;
const WINDOW_MS = 8_000;
/** Milliseconds without messages: what nodes cost in that time is not for deliveries. */
const IDLE_MS = 4_000;
/** Milliseconds for which a node hears of a room after its last member there has left, and a moment. */
const LINGER_MS = 32_000;
/** Milliseconds until what follows connecting is over. */
const SETTLE_MS = 1_500;

/** Where the members of a room are: on one node after the other, or all on one. */
export type Places = "apart" | "together";

/** What so many nodes cost. Microseconds of CPU, of all their processes together. */
export interface Deliveries {
  readonly nodes: number;
  readonly places: Places;
  /** For each message that reached a client. */
  readonly perDelivery: number;
  /** The same without what the nodes cost while there are no messages. */
  readonly perDeliveryAlone: number;
  /** Messages that NATS passed on for each chat message. */
  readonly natsMessages: number;
}

export interface NodeFigures {
  readonly figures: readonly Deliveries[];
  /** For each chat message, on one more node that has no client; without what it costs in silence. */
  readonly withoutMember: number;
}

/**
 * Runs `most` nodes and measures with the clients on all of them, the members of a room apart and together; then on one
 * less, whose last one is then stopped, and so on. The same clients and the same messages each time.
 */
export async function measureDeliveries(most: number, clients: number, perSecond: number): Promise<NodeFigures> {
  const site = await startSite({ nodes: most, accounts: clients });
  const crowd = new Crowd(site.accounts);
  try {
    const figures: Deliveries[] = [];
    // the last node has no client yet, nor had one: a node hears for a while of rooms that its clients have left
    await spread(site, crowd, most - 1);
    await crowd.talkMuch(WARM_MESSAGES);
    const { other, messages } = await measure(site, crowd, most - 1, perSecond);
    await spread(site, crowd, most);
    await crowd.talkMuch(WARM_MESSAGES * most);
    figures.push(await deliveries(site, crowd, most, "apart", perSecond));
    await spread(site, crowd, most, "together");
    await delay(LINGER_MS);
    figures.push(await deliveries(site, crowd, most, "together", perSecond));
    for (let nodes = most - 1; nodes >= 1; nodes -= 1) {
      await spread(site, crowd, nodes);
      await site.nodes[nodes]?.stop();
      figures.push(await deliveries(site, crowd, nodes, "apart", perSecond));
    }
    return { figures, withoutMember: other / messages };
  } finally {
    await crowd.close();
    await site.stop();
  }
}

async function spread({ nodes }: Site, crowd: Crowd, count: number, places: Places = "apart"): Promise<void> {
  const indexOf = (client: number) => (places === "apart" ? client : Math.floor(client / ROOM_OF)) % count;
  await crowd.connect((client) => [nodes[indexOf(client)]?.port ?? 0]);
  await delay(SETTLE_MS);
}

async function deliveries(
  site: Site,
  crowd: Crowd,
  nodes: number,
  places: Places,
  perSecond: number,
): Promise<Deliveries> {
  const { messages, got, spent, idle, nats } = await measure(site, crowd, nodes, perSecond);
  const perDelivery = { perDelivery: spent / got, perDeliveryAlone: (spent - idle) / got };
  return { nodes, places, ...perDelivery, natsMessages: nats / messages };
}

async function measure(site: Site, crowd: Crowd, count: number, perSecond: number) {
  const cpu = () => site.nodes.slice(0, count).reduce((sum, node) => sum + node.cpu(), 0);
  const cpuOfNext = () => site.nodes[count]?.cpu() ?? Number.NaN;
  const look = async () => ({ at: performance.now(), cpu: cpu(), next: cpuOfNext(), ...(await site.traffic()) });
  await delay(SETTLE_MS);
  const before = await look();
  const { acknowledged, delivered } = crowd;
  await crowd.talk(perSecond, WINDOW_MS);
  const after = await look();
  const [sent, got] = [crowd.acknowledged - acknowledged, crowd.delivered - delivered];
  await delay(SETTLE_MS);
  const silent = await look();
  await delay(IDLE_MS);
  const end = await look();
  /** What as long a time of silence costs. */
  const share = (after.at - before.at) / (end.at - silent.at);
  return {
    messages: sent,
    got,
    spent: after.cpu - before.cpu,
    idle: (end.cpu - silent.cpu) * share,
    other: after.next - before.next - (end.next - silent.next) * share,
    nats: after.sent - before.sent - (end.sent - silent.sent) * share,
  };
}
