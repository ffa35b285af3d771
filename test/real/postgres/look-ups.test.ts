import { afterAll, beforeAll, expect, test } from "@jest/globals";
import pg from "pg";
import { openStore, type Store } from "../../backend/store/open-store.ts";
import { type Cluster, startCluster } from "./cluster.ts";

let cluster: Cluster;
let url: string;
let store: Store;
beforeAll(async () => {
  cluster = await startCluster();
  ({ url } = await cluster.database());
  store = await openStore({ dataDir: "", databaseUrl: url });
});
afterAll(async () => {
  await store.close();
  await cluster.stop();
});

/** The statements that the store runs meanwhile. */
async function statementsOf(run: () => Promise<unknown>): Promise<readonly string[]> {
  const { query } = pg.Client.prototype;
  const statements: string[] = [];
  pg.Client.prototype.query = function noting(this: pg.Client, ...given: never[]) {
    statements.push((given[0] as { readonly text?: string } | undefined)?.text ?? String(given[0]));
    return (query as (...all: never[]) => unknown).apply(this, given);
  } as never;
  try {
    await run();
  } finally {
    pg.Client.prototype.query = query;
  }
  return statements;
}

test.each([
  ["standings", () => store.rooms.standing("lobby", "nobody")],
  ["sessions", () => store.sessions.find("none")],
])("N7: the look-up of %s is planned once, and reads by index also where tables are small", async (_, run) => {
  const [statement, ...others] = await statementsOf(run);
  expect(others).toEqual([]);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`prepare look_up as ${statement}`);
    for (let times = 0; times < 6; times += 1) await client.query("execute look_up('[]')");
    const { rows } = await client.query("select custom_plans::int, generic_plans::int from pg_prepared_statements");
    // PostgreSQL tries five plans for given parameters before it compares them with one for all parameters
    expect(rows).toEqual([{ custom_plans: 5, generic_plans: 1 }]);
    const plan = (await client.query("explain execute look_up('[]')")).rows.map((row) => String(row["QUERY PLAN"]));
    expect(plan.join("\n")).not.toMatch(/Seq Scan|Bitmap|Hash Join|Merge Join|rooms_closed/);
  } finally {
    await client.end();
  }
});
