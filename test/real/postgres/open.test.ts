import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Kysely, sql } from "kysely";
import pg from "pg";
import { connectPostgres } from "../../../backend/store/postgres.ts";
import { startProxy } from "../../backend/client/cuttable-proxy.ts";
import { openStore } from "../../backend/store/open-store.ts";
import { type Cluster, startCluster } from "./cluster.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

const dataDir = "unused";

test("of several nodes that start at once, one makes the tables and all agree on the keys", async () => {
  const { url } = await cluster.database();
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ dataDir, databaseUrl: url })));
  const keys = await Promise.all(stores.map((store, node) => store.keys.ensure("access", () => `by ${node}`, 1)));
  for (const one of keys) expect(one).toEqual(keys[0]);
  await Promise.all(stores.map((store) => store.close()));
});

test("a database that a newer program has changed is refused", async () => {
  const { url } = await cluster.database();
  await (await openStore({ dataDir, databaseUrl: url })).close();
  const client = new pg.Client(url);
  await client.connect();
  await client.query("insert into kysely_migration values ('9999_future', '2030-01-01T00:00:00.000Z')");
  await client.end();
  await expect(openStore({ dataDir, databaseUrl: url })).rejects.toMatchObject({ code: "STORE_NEWER" });
});

test("a database that is not there is one clear message without the password", async () => {
  const { url } = await cluster.database();
  const missing = new URL(url);
  missing.pathname = "/nowhere";
  missing.password = "hunter2";
  const failure = openStore({ dataDir, databaseUrl: missing.href });
  await expect(failure).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringMatching(/^cannot open the database nowhere at 127\.0\.0\.1:\d+: .*DATABASE_URL/),
  });
  await expect(failure).rejects.not.toThrow("hunter2");
});

test("N2: a transaction that takes longer than other nodes look for its changes is rolled back", async () => {
  const { url } = await cluster.database();
  const db = new Kysely<{ notes: { n: number } }>({ dialect: await connectPostgres(url, { maxTransactionMs: 50 }) });
  await db.schema.createTable("notes").addColumn("n", "integer").execute();
  const add = (n: number, milliseconds: number) =>
    db.transaction().execute(async (transaction) => {
      await transaction.insertInto("notes").values({ n }).execute();
      await delay(milliseconds);
    });
  await expect(add(1, 60)).rejects.toMatchObject({
    name: "DatabaseAway",
    message: expect.stringContaining("took too long"),
  });
  let stored: readonly { n: number }[] = [];
  // a busy machine may need longer than that
  for (let n = 2; stored.length === 0; n += 1) {
    await add(n, 0).catch(() => undefined);
    stored = await db.selectFrom("notes").selectAll().execute();
  }
  expect(stored).not.toContainEqual({ n: 1 });
  await db.destroy();
});

test("connections that die are replaced", async () => {
  const { url } = await cluster.database();
  const store = await openStore({ dataDir, databaseUrl: url });
  await store.users.list(1);
  const client = new pg.Client(url);
  await client.connect();
  await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'causeway'");
  await client.end();
  const attempt = (): Promise<readonly unknown[]> => store.users.list(1).catch(() => attempt());
  expect(await attempt()).toEqual([]);
  await store.close();
});

test("a connection that is cut in the middle of a query fails that query and nothing else", async () => {
  const { url } = await cluster.database();
  const proxy = await startProxy(url);
  const through = new URL(url);
  through.port = new URL(proxy.url).port;
  const store = await openStore({ dataDir, databaseUrl: through.href });
  const client = new pg.Client(url);
  await client.connect();
  await client.query("begin; lock table users in access exclusive mode");
  const waiting = store.users.list(1);
  const waits = "select 1 from pg_stat_activity where application_name = 'causeway' and wait_event_type = 'Lock'";
  while ((await client.query(waits)).rowCount === 0);
  proxy.cut();
  // an error without a listener would end the process
  await expect(waiting).rejects.toThrow();
  await client.query("rollback");
  await client.end();
  expect(await store.users.list(1)).toEqual([]);
  await store.close();
  await proxy.close();
});

test("a database that stops answering without closing holds no query for long, and is used again when it is there again", async () => {
  const { url } = await cluster.database();
  const proxy = await startProxy(url);
  const through = new URL(url);
  through.port = new URL(proxy.url).port;
  const db = new Kysely({ dialect: await connectPostgres(through.href, { maxSilenceMs: 200 }) });
  const ask = () => sql<{ n: number }>`select 1 as n`.execute(db).then(({ rows }) => rows);
  expect(await ask()).toEqual([{ n: 1 }]);
  proxy.mute();
  await expect(ask()).rejects.toThrow(/stopped responding|terminated/);
  expect(await ask()).toEqual([{ n: 1 }]);
  await db.destroy();
  await proxy.close();
});
