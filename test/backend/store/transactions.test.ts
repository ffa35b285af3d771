import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Kysely, type Transaction } from "kysely";
import { sqliteConnection } from "../../../backend/store/sqlite-connection.ts";
import { NodeSqliteDialect } from "../../../backend/store/sqlite-dialect.ts";
import { inOwnTransaction } from "../../../backend/store/transactions.ts";

interface Tables {
  numbers: { n: number };
}

let database: DatabaseSync;
let db: Kysely<Tables>;
let statements: string[];
beforeEach(() => {
  database = new DatabaseSync(":memory:");
  database.exec("create table numbers (n integer primary key)");
  statements = [];
  db = new Kysely<Tables>({
    dialect: new NodeSqliteDialect(sqliteConnection(database)),
    log: ({ query }) => void statements.push(query.sql),
  });
});
afterEach(() => db.destroy());

const insert = (n: number) => async (transaction: Transaction<Tables>) => {
  await transaction.insertInto("numbers").values({ n }).execute();
  return n;
};
const stored = () =>
  database
    .prepare("select n from numbers order by n")
    .all()
    .map(({ n }) => n);
const transactions = () => statements.filter((sql) => sql.startsWith("begin")).length;

test("apart: each has a transaction of its own", async () => {
  const run = inOwnTransaction(db);
  const results = await Promise.allSettled([run(insert(1)), run(insert(1)), run(insert(2))]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect([stored(), transactions()]).toEqual([[1, 2], 3]);
});
