import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from "@jest/globals";
import pg from "pg";
import { publicError } from "../../../backend/contract/index.ts";
import { createLog } from "../../../backend/log.ts";
import { type Mail, mailOfNotice } from "../../../backend/mail/mail.ts";
import { createPost } from "../../../backend/mail/post.ts";
import { createThrottle, withFailure } from "../../../backend/throttle/throttle.ts";
import { memoryThrottles } from "../../../backend/throttle/throttle-memory.ts";
import { createLoginThrottle, type LoginThrottle } from "../../../backend/users/login-throttle.ts";
import { openStore, type Store } from "../../backend/store/open-store.ts";
import { type Cluster, startCluster } from "./cluster.ts";

/*
 * What nodes over one database count together: two stores act as two nodes.
 */

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

const clock = { now: 1_790_000_000_000 };
let database: Awaited<ReturnType<Cluster["database"]>>;
let nodes: readonly [Store, Store];
beforeEach(async () => {
  database = await cluster.database();
  const open = () => openStore({ dataDir: "unused", databaseUrl: database.url });
  nodes = [await open(), await open()];
});
afterEach(async () => {
  for (const node of nodes) await node.close();
  await database.remove();
});

const onBoth = (): readonly LoginThrottle[] =>
  nodes.map(({ throttles }) => createLoginThrottle(throttles, () => clock.now));
const attempt = (account: string, address: string) => ({ account, address, isFamiliar: async () => false });
/** 0 when the try is admitted, else the seconds to wait. */
const outcome = (admitted: Promise<void>): Promise<number> =>
  admitted.then(
    () => 0,
    (thrown) => publicError(thrown).retryAfter ?? Number.NaN,
  );

/** Guesses at one account from many networks, then at many accounts from one; returns the wait of each guess. */
async function attack(throttles: readonly LoginThrottle[]): Promise<readonly number[]> {
  const told: number[] = [];
  let tries = 0;
  const guess = async (account: string, address: string) => {
    clock.now += 1100;
    const throttle = throttles[tries++ % throttles.length] as LoginThrottle;
    told.push(await outcome(throttle.admit(attempt(account, address))));
  };
  for (let n = 0; n < 40; n += 1) await guess("ada@example.org", `203.0.${n % 25}.7`);
  for (let n = 0; n < 60; n += 1) await guess(`n${n}@example.org`, "198.51.100.1");
  for (let n = 0; n < 12; n += 1) await guess("bob@example.org", "192.0.2.1");
  return told;
}

test("N11: guesses that alternate between two nodes are told to wait as those on one node", async () => {
  const start = clock.now;
  const alone = await attack([createLoginThrottle(memoryThrottles(), () => clock.now)]);
  clock.now = start;
  expect(await attack(onBoth())).toEqual(alone);
  expect(alone.filter((wait) => wait > 0).length).toBeGreaterThan(20);
});

test("N11: of tries on both nodes at once as many are admitted as of tries on one", async () => {
  const both = onBoth();
  const tries = Array.from({ length: 40 }, (_, n) =>
    outcome((both[n % 2] as LoginThrottle).admit(attempt("ada@example.org", "192.0.2.1"))),
  );
  const told = await Promise.all(tries);
  expect(told.filter((wait) => wait === 0)).toHaveLength(6);
});

test("N11: what a try has shown on one node counts on the other: a right password, and a new one by mail", async () => {
  const [one, two] = onBoth() as [LoginThrottle, LoginThrottle];
  const ada = attempt("ada@example.org", "192.0.2.1");
  for (let n = 0; n < 30; n += 1) {
    expect(await outcome(one.admit(ada))).toBe(0);
    await two.uncountTry(ada);
  }
  for (let n = 0; n < 6; n += 1) await one.admit(ada);
  expect(await outcome(two.admit(ada))).toBe(1);
  await one.clearFailures(ada.account, ada.address);
  // the other node repeats its refusal, for a second at most
  clock.now += 1000;
  expect(await outcome(two.admit(ada))).toBe(0);
});

test("N11: a node whose clock is 30 s ahead waits as long as the others", async () => {
  const { now: machineNow } = Date;
  const ahead = jest.spyOn(Date, "now").mockImplementation(() => machineNow() + 30_000);
  const [right, fast] = [nodes[0], await openStore({ dataDir: "unused", databaseUrl: database.url })];
  try {
    const rule = { freeTries: 1, firstWaitMs: 60_000, maxWaitMs: 60_000 };
    const throttle = (store: Store) => createThrottle(store.throttles, "test", rule, store.clock.now);
    ahead.mockRestore();
    for (let n = 0; n < 2; n += 1) await throttle(right).countTry("ada");
    jest.spyOn(Date, "now").mockImplementation(() => machineNow() + 30_000);
    expect(await throttle(fast).countTry("ada")).toBeGreaterThan(40_000);
  } finally {
    jest.restoreAllMocks();
    await fast.close();
  }
});

test("N11: one address gets as many mails of a kind from two nodes as from one", async () => {
  const mails: Mail[] = [];
  const lines: string[] = [];
  const posts = nodes.map(({ throttles }) =>
    createPost({
      carrier: { deliver: async (mail) => void mails.push(mail) },
      log: createLog({ logLevel: "info" }, { write: (line) => void lines.push(line) }),
      throttles,
      clock: () => clock.now,
    }),
  );
  for (let n = 0; n < 30; n += 1)
    posts[n % 2]?.send(mailOfNotice("passwordChanged", "ada@example.org", "https://chat.example.org"));
  while (lines.length < 30) await delay(10);
  expect(mails).toHaveLength(11);
  for (const post of posts) await post.stop();
});

async function query<R extends object>(text: string): Promise<R[]> {
  const client = new pg.Client(database.url);
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

test("N11: the table shows neither accounts nor addresses, and is emptied of what has expired", async () => {
  await attack(onBoth());
  const rows = await query<{ key: string; turns: string | null }>("select * from throttles");
  expect(rows.length).toBeGreaterThan(70);
  expect(rows.some(({ turns }) => turns !== null)).toBe(true);
  expect(JSON.stringify(rows)).not.toMatch(/example|203\.0|198\.51|192\.0\.2/);
  const [{ persistence } = { persistence: "" }] = await query<{ persistence: string }>(
    "select relpersistence as persistence from pg_class where relname = 'throttles'",
  );
  expect(persistence).toBe("u");
  await nodes[0].throttles.prune(clock.now);
  expect((await query("select * from throttles")).length).toBeGreaterThan(70);
  clock.now += 60 * 60_000;
  await nodes[0].throttles.prune(clock.now + 1);
  expect(await query("select * from throttles")).toEqual([]);
});

test("N11: beyond so many rows those with the fewest failures go", async () => {
  const { throttles } = nodes[0];
  const key = throttles.keyOf("account", "ada@example.org");
  const rule = { freeTries: 2, firstWaitMs: 1000, maxWaitMs: 60_000 };
  for (let n = 0; n < 3; n += 1)
    await throttles.change([key], (states) => states.set(key, withFailure(states.get(key), rule, clock.now)));
  await query(`insert into throttles (key, count, expires_at)
    select 'flood ' || n, 1, ${clock.now + 60_000} from generate_series(1, 300100) as n`);
  await throttles.prune(clock.now);
  expect(await query("select count(*)::int as count from throttles")).toEqual([{ count: 300_000 }]);
  expect(await throttles.change([key], (states) => states.get(key)?.count)).toBe(3);
});

test("N11: of more tries than can wait the rest is refused at once", async () => {
  const { throttles } = nodes[0];
  const codes = await Promise.all(
    Array.from({ length: 1300 }, (_, n) => throttles.change([`key ${n % 50}`], () => "changed").catch(publicError)),
  );
  const refused = codes.filter((code) => code !== "changed");
  // a thousand wait, and the first one does not
  expect(refused).toHaveLength(299);
  expect(refused[0]).toMatchObject({ code: "UNAVAILABLE", retryAfter: 1 });
});
