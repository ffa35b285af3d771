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

/** What is measured: the members of a room on one node after the other, or all on one. */
export interface Setting {
  readonly nodes: number;
  readonly places: "apart" | "together";
  /**
   * For how many nodes there are clients and messages; as many as there are nodes, where a site grows with its users.
   */
  readonly load: number;
}

/** What the nodes cost. Microseconds of CPU, of all their processes together; the database's is not in it. */
export interface Deliveries {
  readonly setting: Setting;
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
 * Runs `most` nodes and measures with the clients on all of them, the members of a room apart and together, then with
 * the load of one node; then on one less, whose last one is then stopped, and so on.
 *
 * @param clients of each node
 * @param perSecond messages a second for each node
 */
export async function measureDeliveries(most: number, clients: number, perSecond: number): Promise<NodeFigures> {
  const site = await startSite({ nodes: most, accounts: most * clients });
  const crowd = new Crowd(site.accounts);
  const connect = async ({ nodes, places, load }: Setting): Promise<void> => {
    const nodeOf = (client: number) => (places === "apart" ? client : Math.floor(client / ROOM_OF)) % nodes;
    await crowd.connect((client) => [site.nodes[nodeOf(client)]?.port ?? 0], load * clients);
    await delay(SETTLE_MS);
  };
  const deliveries = async (setting: Setting): Promise<Deliveries> => {
    const { messages, got, spent, idle, nats } = await measure(site, crowd, setting.nodes, setting.load * perSecond);
    const perDelivery = { perDelivery: spent / got, perDeliveryAlone: (spent - idle) / got };
    return { setting, ...perDelivery, natsMessages: nats / messages };
  };
  try {
    const figures: Deliveries[] = [];
    // the last node has no client yet, nor had one: a node hears for a while of rooms that its clients have left
    await connect(grown(most - 1));
    await crowd.talkMuch(WARM_MESSAGES * (most - 1));
    const { other, messages } = await measure(site, crowd, most - 1, (most - 1) * perSecond);
    await connect(grown(most));
    await crowd.talkMuch(WARM_MESSAGES * most);
    figures.push(await deliveries(grown(most)));
    await connect(grown(most, "together"));
    await delay(LINGER_MS);
    figures.push(await deliveries(grown(most, "together")));
    await connect(thin(most));
    figures.push(await deliveries(thin(most)));
    for (let nodes = most - 1; nodes >= 1; nodes -= 1) {
      await connect(grown(nodes));
      await site.nodes[nodes]?.stop();
      figures.push(await deliveries(grown(nodes)));
    }
    return { figures, withoutMember: other / messages };
  } finally {
    await crowd.close();
    await site.stop();
  }
}

/** So many nodes, each with its own load. */
export const grown = (nodes: number, places: Setting["places"] = "apart"): Setting => ({ nodes, places, load: nodes });

/** So many nodes that share the load of one. */
export const thin = (nodes: number): Setting => ({ nodes, places: "apart", load: 1 });

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
