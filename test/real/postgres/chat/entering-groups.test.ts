import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import type { Entry } from "../../../../backend/chat/store/index.ts";
import { openStore, type Store } from "../../../backend/store/open-store.ts";
import { type Cluster, startCluster } from "../cluster.ts";

let cluster: Cluster;
/** Two nodes over one database. */
let nodes: Store[];
beforeAll(async () => {
  cluster = await startCluster();
  const { url } = await cluster.database();
  nodes = [];
  for (let n = 0; n < 2; n += 1) nodes.push(await openStore({ dataDir: "", databaseUrl: url }));
});
afterAll(async () => {
  for (const node of nodes) await node.close();
  await cluster.stop();
});

let made = 0;
async function users(count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, () => `u${++made}`);
  const facts = { passwordHash: "", role: "user", createdAt: 1, disabledAt: null } as const;
  for (const id of ids) await nodes[0]?.users.create({ id, name: id, email: id, ...facts });
  return ids;
}
const entry = (room: string, userId: string): Entry => ({
  ...{ room, userId, at: 1, fromStates: ["none"], maxMembers: 99, maxRooms: 99 },
  opening: { maxOpened: 99, openedSince: 0, maxOwned: 99 },
});
const enter = async (node: number, given: Entry) => (await nodes[node]?.members.enter(given))?.outcome;

test("N7: all who enter rooms at the same time are let in by one statement", async () => {
  const ids = await users(30);
  const { query } = pg.Client.prototype;
  let count = 0;
  pg.Client.prototype.query = function counting(this: pg.Client, ...given: never[]) {
    count += 1;
    return (query as (...all: never[]) => unknown).apply(this, given);
  } as never;
  try {
    await Promise.all(ids.map((userId, n) => enter(0, entry(`together${n % 5}`, userId))));
  } finally {
    pg.Client.prototype.query = query;
  }
  expect(count).toBe(1);
});

test("N7: nodes that open and enter the same rooms in different orders do not wait for each other in a circle", async () => {
  for (let round = 0; round < 10; round += 1) {
    const rooms = Array.from({ length: 20 }, (_, n) => `r${round}x${n}`);
    const ids = await users(2 * rooms.length);
    const one = rooms.map((room, n) => enter(0, entry(room, ids[n] ?? "")));
    const other = rooms.toReversed().map((room, n) => enter(1, entry(room, ids[rooms.length + n] ?? "")));
    const outcomes = await Promise.all([...one, ...other]);
    expect(outcomes.sort()).toEqual([...rooms.map(() => "entered"), ...rooms.map(() => "opened")]);
    for (const room of rooms) {
      expect((await nodes[0]?.rooms.findStanding(room, ids[0] ?? ""))?.room).toMatchObject({ members: 2, revision: 1 });
    }
  }
});

test("an entry that the database does not take fails alone", async () => {
  const [ada = "", bob = ""] = await users(2);
  const outcomes = await Promise.allSettled([
    enter(0, entry("alone", ada)),
    enter(0, entry("al\0ne", ada)),
    enter(0, entry("alone", bob)),
  ]);
  expect(outcomes).toMatchObject([{ value: "opened" }, { status: "rejected" }, { value: "entered" }]);
});
