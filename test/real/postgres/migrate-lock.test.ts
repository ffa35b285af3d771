import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Kysely, sql } from "kysely";
import pg from "pg";
import type { FeatureTables } from "../../../backend/store/index.ts";
import { migrate } from "../../../backend/store/migrate.ts";
import { connectPostgres, MIGRATION_OPTIONS } from "../../../backend/store/postgres.ts";
import type { StoreTables } from "../../../backend/store/tables.ts";
import { openStore } from "../../backend/store/open-store.ts";
import { type Cluster, startCluster } from "./cluster.ts";
import { startTransactionMode } from "./transaction-mode.ts";

/*
 * Of nodes that start at the same time one brings the tables up to date, and the others wait for it.
 */

let cluster: Cluster;
let url: string;
let client: pg.Client;
beforeAll(async () => {
  cluster = await startCluster();
  ({ url } = await cluster.database());
  client = new pg.Client(url);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await cluster.stop();
});

const LOCKS = "select pid, granted from pg_locks where locktype = 'advisory'";

/** Resolves when so many connections of nodes wait for a lock. */
async function untilWaiting(connections: number): Promise<void> {
  const waiting = "select 1 from pg_stat_activity where application_name = 'causeway' and wait_event_type = 'Lock'";
  while ((await client.query(waiting)).rowCount !== connections) await delay(10);
}

/** A feature whose migration takes half a second, and how often that has run. */
function slowMigration(): { readonly slow: FeatureTables; runs(): number } {
  let runs = 0;
  const slow: FeatureTables = {
    name: "slow",
    migrations: {
      "0001_slow": {
        async up(transaction) {
          runs += 1;
          await sql`create table slow (n integer)`.execute(transaction);
          await sql`select pg_sleep(0.5)`.execute(transaction);
        },
      },
    },
  };
  return { slow, runs: () => runs };
}

test("N2: behind a proxy in transaction mode one of two nodes migrates, however long that takes, and the other waits", async () => {
  // what docs/several-nodes.md says for such a proxy; a migration takes longer
  await client.query("alter role causeway set statement_timeout = '200ms'");
  const proxy = await startTransactionMode(url);
  await client.query("alter role causeway reset statement_timeout");
  const { slow, runs } = slowMigration();
  await Promise.all([migrate(proxy.node<StoreTables>(), [slow]), migrate(proxy.node<StoreTables>(), [slow])]);
  expect(runs()).toBe(1);
  expect((await client.query(LOCKS)).rows).toEqual([]);
  await proxy.close();
});

test("N2: of two nodes one migrates, also where the database's own isolation level would hide what the other one did", async () => {
  const { url: databaseUrl } = await cluster.database();
  const name = new URL(databaseUrl).pathname.slice(1);
  await client.query(`alter database "${name}" set default_transaction_isolation = 'repeatable read'`);
  const { slow, runs } = slowMigration();
  const node = async () => new Kysely<StoreTables>({ dialect: await connectPostgres(databaseUrl, MIGRATION_OPTIONS) });
  const nodes = await Promise.all([node(), node(), node()]);
  await Promise.all(nodes.map((db) => migrate(db, [slow])));
  expect(runs()).toBe(1);
  await Promise.all(nodes.map((db) => db.destroy()));
});

test("a node that is killed while it migrates leaves no lock behind", async () => {
  const { url: databaseUrl } = await cluster.database();
  await (await openStore({ dataDir: "unused", databaseUrl })).close();
  const blocker = new pg.Client(databaseUrl);
  await blocker.connect();
  await blocker.query("begin; lock table kysely_migration in access exclusive mode");
  const killed = spawn(process.execPath, ["scripts/backend.ts"], {
    env: { ...process.env, DATABASE_URL: databaseUrl, PORT: "0" },
    stdio: "ignore",
  });
  const gone = once(killed, "exit");
  // it holds the lock of the migrations, and waits for the table: until then PostgreSQL does not notice its end
  await untilWaiting(1);
  killed.kill("SIGKILL");
  await gone;
  const next = openStore({ dataDir: "unused", databaseUrl });
  await untilWaiting(2);
  await blocker.query("rollback");
  await (await next).close();
  expect((await client.query(LOCKS)).rows).toEqual([]);
  await blocker.end();
});
