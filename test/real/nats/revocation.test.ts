import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import type { Socket } from "socket.io-client";
import { isNatsResponding } from "../../../backend/nodes/index.ts";
import { startProxy } from "../../backend/client/cuttable-proxy.ts";
import { disconnected } from "../../backend/socket-calls.ts";
import { startTestBackend, type TestBackend, type TestUser } from "../../backend/test-backend.ts";
import { type Cluster, startCluster } from "../postgres/cluster.ts";
import { type NatsServer, startNats } from "./nats-server.ts";
import { type Pair, startPair } from "./pair.ts";

let nats: NatsServer;
let cluster: Cluster;
let pair: Pair;
let one: TestBackend;
let two: TestBackend;

beforeAll(async () => {
  [nats, cluster] = await Promise.all([startNats(), startCluster()]);
});
afterAll(() => Promise.all([nats.stop(), cluster.stop()]));
beforeEach(async () => {
  pair = await startPair(nats, cluster);
  ({ one, two } = pair);
});
afterEach(() => pair.stop());

const profile = async (at: TestBackend, { accessToken }: TestUser) =>
  (await at.request("GET", "/api/users/me", { token: accessToken })).status;

/** A machine that is busy with other things needs longer for everything; one of so many tries has to be in time. */
const TRIES = 5;

/** Repeats what is measured in milliseconds until it takes less than `limit`; the shortest time. */
async function shortest(limit: number, measure: () => Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let n = 0; n < TRIES && best >= limit; n += 1) best = Math.min(best, await measure());
  return best;
}

/** Milliseconds from the end of a session on one node until its socket and its token are refused on the other. */
async function timeToEnd(at: TestBackend, person: TestUser, other: TestBackend, socket: Socket): Promise<number> {
  expect(await profile(other, person)).toBe(200);
  // on a busy machine a node that is cut off may have found the sessions unreadable and closed all its sockets before
  const gone = socket.connected ? disconnected(socket) : undefined;
  const started = performance.now();
  expect((await at.request("POST", "/api/auth/logout", { token: person.accessToken, body: {} })).status).toBe(200);
  expect(await profile(at, person)).toBe(401); // at once where it was ended
  await gone;
  while ((await profile(other, person)) !== 401) await new Promise((resolve) => setTimeout(resolve, 5));
  return performance.now() - started;
}

test.each<[string, () => void]>([
  ["that hears of it", () => undefined],
  ["that is connected and hears nothing", () => pair.proxy.mute()],
  ["that is cut off", () => pair.cutOff()],
])("the end of a session counts within a second on a node %s, for requests and sockets", async (_, spoil) => {
  const people = [];
  for (let n = 0; n < 8; n += 1) people.push(await one.registerUser());
  const sockets = await Promise.all(people.map(({ accessToken }) => two.connect(accessToken)));
  spoil();
  const times = [];
  for (const [n, person] of people.entries()) {
    times.push(await timeToEnd(one, person, two, sockets[n]!));
    await new Promise((resolve) => setTimeout(resolve, 70 * n));
  }
  expect(Math.min(...times)).toBeLessThan(1000);
  for (const { accessToken } of people) {
    await expect(two.connect(accessToken)).rejects.toMatchObject({ message: "UNAUTHORIZED" });
  }
});

test("a session that a node ends while it is cut off ends there at once, and on the others within a second", async () => {
  const people: TestUser[] = [];
  for (let n = 0; n < TRIES; n += 1) people.push(await two.registerUser());
  const sockets = await Promise.all(people.map(({ accessToken }) => one.connect(accessToken)));
  pair.cutOff();
  let n = -1;
  const time = await shortest(1000, () => timeToEnd(two, people[++n]!, one, sockets[n]!));
  expect(time).toBeLessThan(1000);
});

test("a lost role counts within a second on a node that is cut off", async () => {
  const [admin, person] = [await one.registerUser("admin"), await one.registerUser("moderator")];
  pair.cutOff();
  let isModerator = true;
  const time = await shortest(1000, async () => {
    const gone = disconnected(await two.connect(person.accessToken));
    const started = performance.now();
    isModerator = !isModerator;
    const body = { id: person.id, role: isModerator ? "moderator" : "user" };
    expect((await one.request("POST", "/api/admin/users/role", { token: admin.accessToken, body })).status).toBe(200);
    await gone;
    return performance.now() - started;
  });
  expect(time).toBeLessThan(1000);
});

test("a node that reaches neither the others nor the store closes its sockets and opens none; one that reaches the others keeps them", async () => {
  const person = await one.registerUser();
  const [here, there] = await Promise.all([one.connect(person.accessToken), two.connect(person.accessToken)]);
  const gone = disconnected(there);
  const database = new pg.Client(pair.databaseUrl);
  await database.connect();
  pair.cutOff();
  await database.query("alter table sessions rename to hidden_sessions");
  await gone;
  await expect(two.connect(person.accessToken)).rejects.toMatchObject({ message: "INTERNAL" });
  expect(await profile(two, person)).toBe(500);
  expect(here.connected).toBe(true);
  await database.query("alter table hidden_sessions rename to sessions");
  await database.end();
  expect((await two.connect(person.accessToken)).connected).toBe(true);
});

/** Keeps this process, with both nodes, from everything else. */
function busyFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

test("N2: a node that is busy does not take its lateness for the silence of NATS", async () => {
  for (let n = 0; n < 3; n += 1) {
    const hears = isNatsResponding(two.broker);
    busyFor(600);
    expect(await hears).toBe(true);
  }
  pair.proxy.mute();
  const deaf = isNatsResponding(two.broker);
  busyFor(600);
  expect(await deaf).toBe(false);
});

test("N2: a node that is cut off and busy for seconds, again and again, keeps its sockets while the store responds", async () => {
  const people: TestUser[] = [];
  for (let n = 0; n < TRIES; n += 1) people.push(await one.registerUser());
  const sockets = await Promise.all(people.map(({ accessToken }) => two.connect(accessToken)));
  pair.cutOff();
  for (let n = 0; n < 4; n += 1) {
    busyFor(1_500);
    await new Promise((resolve) => setTimeout(resolve, 250 + 100 * n));
  }
  expect(sockets.map(({ connected }) => connected)).not.toContain(false);
  let n = -1;
  const time = await shortest(1000, () => timeToEnd(one, people[++n]!, two, sockets[n]!));
  expect(time).toBeLessThan(1000);
});

test("a NATS server that does not respond does not delay a stop", async () => {
  const road = await startProxy(nats.url);
  const three = await startTestBackend({ config: pair.env(road.url.replace("http", "nats")) });
  road.mute();
  await three.stop();
  await expect(three.request("GET", "/")).rejects.toThrow("fetch failed");
  await road.close();
});
