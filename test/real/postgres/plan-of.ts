import { expect } from "@jest/globals";
import pg from "pg";

/** The statements that the store runs meanwhile. */
export async function statementsOf(run: () => Promise<unknown>): Promise<readonly string[]> {
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

/** Expects that a statement that looks keys up is planned once for any keys, and reads by index. */
export async function expectPlannedOnce(url: string, statement: string): Promise<void> {
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
}
