import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { Kysely, type Transaction } from "kysely";
import { sqliteConnection } from "../../../backend/store/sqlite-connection.ts";
import { NodeSqliteDialect } from "../../../backend/store/sqlite-dialect.ts";
import { apart, together } from "../../../backend/store/transactions.ts";

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

test("what arrives in one turn is committed together, in the order of its arrival", async () => {
  const run = together(db);
  const seen: number[] = [];
  const inOrder = (n: number) =>
    run(async (transaction) => {
      seen.push(n);
      return insert(n)(transaction);
    });
  expect(await Promise.all([3, 1, 2].map(inOrder))).toEqual([3, 1, 2]);
  expect([seen, stored(), transactions()]).toEqual([[3, 1, 2], [1, 2, 3], 1]);
  expect(await inOrder(4)).toBe(4);
  expect([stored(), transactions()]).toEqual([[1, 2, 3, 4], 2]);
});

test("work that throws is undone alone, whatever it had done before", async () => {
  const run = together(db);
  const results = await Promise.allSettled([
    run(insert(1)),
    run(async (transaction) => {
      await insert(2)(transaction);
      throw new Error("refused");
    }),
    run(insert(1)),
    run(insert(3)),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
  expect(results[1]).toMatchObject({ reason: { message: "refused" } });
  // the first transaction was given up, in the second each was undone by itself
  expect([stored(), transactions()]).toEqual([[1, 3], 2]);
});

test("nobody is told that it is stored before it is: a commit that fails refuses them all", async () => {
  database.exec("create table parents (n integer primary key)");
  database.exec("create table children (n integer references parents (n) deferrable initially deferred)");
  const run = together(db);
  const orphan = run(async () => database.exec("insert into children values (9)"));
  const results = await Promise.allSettled([run(insert(1)), orphan, run(insert(2))]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(stored()).toEqual([]);
  await run(insert(3));
  expect(stored()).toEqual([3]);
});

test("a crowd is taken in turns of a hundred", async () => {
  const run = together(db);
  const all = Array.from({ length: 250 }, (_, n) => n);
  expect(await Promise.all(all.map((n) => run(insert(n))))).toEqual(all);
  expect([stored(), transactions()]).toEqual([all, 3]);
});

test("apart: each has a transaction of its own", async () => {
  const run = apart(db);
  const results = await Promise.allSettled([run(insert(1)), run(insert(1)), run(insert(2))]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect([stored(), transactions()]).toEqual([[1, 2], 3]);
});
