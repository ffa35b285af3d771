import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Watched } from "../../../backend/client/chat/watched-client.ts";
import type { TestBackend } from "../../../backend/test-backend.ts";
import { type Cluster, startCluster } from "../../postgres/cluster.ts";
import { type NatsServer, startNats } from "../nats-server.ts";
import { type Pair, startPair } from "../pair.ts";

/*
 * Broadcasts between nodes while the connection of one of them to NATS is cut.
 */

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

/** Rooms in which clients of one node alone send: no message of one's own shows a client that others are missing. */
const [FROM_ONE, FROM_TWO] = ["from-one", "from-two"] as const;
/** Seconds without a packet that a live node survives (`node-discoverer.ts`). */
const PATIENCE = 8;

async function signUp(at: TestBackend, name: string): Promise<Watched> {
  const client = new Watched(at.url);
  await client.register({ email: `${name}@example.org`, password: "correct horse battery", name });
  await client.online();
  for (const room of [FROM_ONE, FROM_TWO]) await client.chat.join(room);
  return client;
}

/** When a node has logged that it is connected again, in milliseconds since 1970; undefined when it never was away. */
const reconnectedAt = ({ log }: TestBackend): number | undefined => {
  const line = log.findLast(({ msg }) => msg === "connected to NATS again");
  return line && Date.parse(String(line.time));
};

/** Ids of the nodes that were declared dead. */
const declaredDead = ({ log }: TestBackend) => log.filter(({ msg }) => /disconnected unexpectedly/.test(String(msg)));

type Kind = "refused" | "held";

/** Cuts the second node off for so many seconds while both nodes store messages, and returns what was lost. */
async function cut(pair: Pair, kind: Kind, seconds: number) {
  const { one, two, proxy } = pair;
  const clients = [await signUp(one, "ada"), await signUp(one, "bob"), await signUp(two, "carol")];
  const [ada, , carol] = clients as [Watched, Watched, Watched];
  ada.chat.send(FROM_ONE, "to be edited");
  carol.chat.send(FROM_TWO, "before");
  for (const room of [FROM_ONE, FROM_TWO])
    for (const client of clients) await client.until(() => client.texts(room).length === 1);

  if (kind === "refused") pair.cutOff();
  else proxy.hold(true);
  for (let n = 0; n < 3; n += 1) {
    ada.chat.send(FROM_ONE, `from one ${n}`);
    carol.chat.send(FROM_TWO, `from two ${n}`);
  }
  const stored = Promise.all([
    ada.call("chat.edit", { room: FROM_ONE, seq: 1, text: "edited" }),
    ...clients.map((client) => client.until(() => client.chat.pending.length === 0)),
  ]).then(() => Date.now());
  const whole = ["edited", "from one 0", "from one 1", "from one 2"].join();
  const isWhole = (client: Watched) => client.texts(FROM_ONE).join() === whole && client.texts(FROM_TWO).length === 4;
  await delay(seconds * 1000);
  // a node that knows that it is cut off reads from the database, once a second
  const isWholeBefore = kind === "refused" && seconds > PATIENCE ? isWhole(carol) : true;
  proxy.refuse(false);
  proxy.hold(false);
  const ended = Date.now();

  const late: number[] = [];
  await Promise.all(
    clients.map(async (client) => {
      await Promise.race([client.until(() => isWhole(client)), delay(10_000, undefined, { ref: false })]);
      late.push(Date.now());
    }),
  );
  const back = Math.max(ended, reconnectedAt(two) ?? 0, await stored);
  await delay(3_000); // a node that was silent would be declared dead by now
  const result = {
    kind,
    seconds,
    isWholeBefore,
    whole: clients.map(isWhole),
    late: Math.max(...late) - back,
    dead: [declaredDead(one).length, declaredDead(two).length],
    doubled: clients.flatMap(({ doubled }) => doubled),
  };
  for (const client of clients) client.close();
  return result;
}

const CASES: readonly (readonly [Kind, number])[] = [
  ["refused", 0.1],
  ["refused", 2],
  ["refused", 7.5],
  ["refused", 20],
  ["held", 0.5],
  ["held", 4],
  ["held", 12],
];

test("N6: after a cut of NATS every client has every message within a second, and no live node is declared dead", async () => {
  const servers: NatsServer[] = [];
  const pairs: Pair[] = [];
  try {
    for (const _ of CASES) {
      const nats = await startNats();
      servers.push(nats);
      pairs.push(await startPair(nats, cluster));
    }
    const results = await Promise.all(CASES.map(([kind, seconds], n) => cut(pairs[n]!, kind, seconds)));
    for (const { seconds, late, ...result } of results) {
      // after a longer silence the others may count it as dead; it never counts them so
      const dead = seconds < PATIENCE ? [0, 0] : [expect.any(Number), 0];
      const inTime = { doubled: [], isWholeBefore: true, whole: [true, true, true], isLate: false, dead };
      expect({ seconds, ...result, late, isLate: late >= 1000 }).toMatchObject(inTime);
    }
  } finally {
    for (const pair of pairs) await pair.stop();
    for (const server of servers) await server.stop();
  }
});
