import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Kysely, sql } from "kysely";
import { connectPostgres } from "../../../backend/store/postgres.ts";
import { prepared } from "../../../backend/store/prepared.ts";
import { type Cluster, startCluster } from "./cluster.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

/** The statements that the server keeps after queries of one connection, and how often each was run. */
async function kept(url: string): Promise<readonly { statement: string; runs: number }[]> {
  const db = new Kysely<{ pg_class: { relname: string } }>({ dialect: await connectPostgres(url) });
  const find = prepared(db, (query, { name }: { readonly name: string }) =>
    query.selectFrom("pg_class").select("relname").where("relname", "=", name),
  );
  try {
    return await db.connection().execute(async (connection) => {
      for (const name of ["pg_class", "pg_type", "nothing"])
        expect(await find(connection, { name })).toHaveLength(name === "nothing" ? 0 : 1);
      // a transaction whose statement failed leaves the connection as it was
      await expect(find(connection, { name: "a\0b" })).rejects.toThrow();
      // built each time, with any number of parameters: not kept
      for (const names of [["a"], ["a", "b"]])
        await connection.selectFrom("pg_class").select("relname").where("relname", "in", names).execute();
      const list = sql<{ statement: string; runs: number }>`select statement,
        (generic_plans + custom_plans)::int as runs from pg_prepared_statements where from_sql = false`;
      return (await list.execute(connection)).rows;
    });
  } finally {
    await db.destroy();
  }
}

test("N1: a query that is built once is parsed once for each connection, and no other query is kept", async () => {
  const { url } = await cluster.database();
  expect(await kept(url)).toEqual([{ statement: 'select "relname" from "pg_class" where "relname" = $1', runs: 3 }]);
});

test("N1: with prepare=no in the URL the server keeps no statement", async () => {
  const { url } = await cluster.database();
  expect(await kept(`${url}?prepare=no`)).toEqual([]);
});
