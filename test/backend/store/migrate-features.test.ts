import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type Kysely, sql } from "kysely";
import { type FeatureTables, type Migrations, openDatabase } from "../../../backend/store/index.ts";
import { isPostgres } from "../../../backend/store/is-postgres.ts";
import { oldDatabase, openQueries } from "./old-database.ts";
import { OLD_MIGRATIONS } from "./old-migrations.ts";
import { FEATURES, openStore } from "./open-store.ts";
import { type TestStorage, testStorage } from "./test-storage.ts";

let storage: TestStorage;
beforeEach(async () => {
  storage = await testStorage();
});
afterEach(() => storage.remove());

const open = (features: readonly FeatureTables[], unusedFeatures: readonly string[] = []) =>
  openDatabase({ ...storage.options, unusedFeatures }, features);

/** Runs something on a storage that no program has open. */
async function withQueries<T>(use: (db: Kysely<unknown>) => Promise<T>, of = storage): Promise<T> {
  const db = await openQueries(of.options);
  try {
    return await use(db);
  } finally {
    await db.destroy();
  }
}

/** Everything that a database has except rows: tables, columns, indexes, constraints, functions. */
async function schemaOf(db: Kysely<unknown>): Promise<readonly unknown[]> {
  if (!isPostgres(db)) {
    // how Kysely's migrator and this program write the table of the migrations
    const own = sql`select type, name, tbl_name, sql from sqlite_schema where tbl_name not like 'kysely_%' order by name`;
    return (await own.execute(db)).rows;
  }
  const { rows } = await sql`
    select table_name as place, column_name || ' ' || data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') as what
      from information_schema.columns where table_schema = 'public' and table_name not like 'kysely_%'
    union all select tablename, indexdef from pg_indexes where schemaname = 'public' and tablename not like 'kysely_%'
    union all select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
      where connamespace = 'public'::regnamespace and conrelid::regclass::text not like 'kysely_%'
    union all select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace
    order by place, what`.execute(db);
  return rows;
}

async function migrationsOf(db: Kysely<unknown>): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

async function tablesOf(db: Kysely<unknown>): Promise<readonly string[]> {
  return (await db.introspection.getTables()).map(({ name }) => name).sort();
}

test.each(Object.keys(OLD_MIGRATIONS))(
  "D4: a database of the version that ended with %s becomes what a new one is",
  async (last) => {
    const fresh = await testStorage();
    await (await openStore(fresh.options)).close();
    await (await oldDatabase(storage.options, last)).destroy();
    await (await openStore(storage.options)).close();
    expect(await withQueries(schemaOf)).toEqual(await withQueries(schemaOf, fresh));
    expect(await withQueries(migrationsOf)).toEqual(await withQueries(migrationsOf, fresh));
    await fresh.remove();
  },
);

test("D4: several nodes that open an old database at once bring it up to date once, and lose nothing", async () => {
  const old = await oldDatabase(storage.options, "0005_rooms");
  await sql`insert into users (id, email, name, password_hash, role, created_at)
    values ('ada', 'ada@example.org', 'Ada', 'x', 'user', 5)`.execute(old);
  await sql`insert into rooms (name, epoch, seq, created_at) values ('garden', 'first', 1, 7)`.execute(old);
  await sql`insert into messages (room, seq, author_id, client_id, text, at)
    values ('garden', 1, 'ada', 'c1', 'hello', 8)`.execute(old);
  await old.destroy();
  const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(storage.options)));
  for (const store of stores) {
    expect(await store.users.find("ada")).toMatchObject({ name: "Ada" });
    expect(await store.messages.after("garden", 0, 9)).toMatchObject([{ text: "hello", seq: 1, epoch: "first" }]);
    await store.close();
  }
  const names = await withQueries(migrationsOf);
  expect(names.filter((name) => name.startsWith("0"))).toEqual([]);
  expect(names).toEqual([...new Set(names)]);
});

/** A migration that creates a table. */
const table = (name: string): Migrations[string] => ({
  up: (db) => db.schema.createTable(name).addColumn("id", "text").execute(),
});

test("D4: a feature that is added later may have any name and place, and two migrations may have the same number", async () => {
  await (await openStore(storage.options)).close();
  const aaa = { name: "aaa", migrations: { "0001_first": table("firsts"), "0001_other": table("others") } };
  await (await open([aaa, ...FEATURES])).close();
  const more = { ...aaa, migrations: { ...aaa.migrations, "0002_third": table("thirds") } };
  const zzz = { name: "zzz", migrations: { "0001_last": table("lasts") } };
  await (await open([...FEATURES, zzz, more])).close();
  expect(await withQueries(tablesOf)).toEqual(expect.arrayContaining(["firsts", "others", "thirds", "lasts"]));
  const names = await withQueries(migrationsOf);
  expect(names).toEqual(
    expect.arrayContaining(["aaa_0001_first", "aaa_0001_other", "aaa_0002_third", "zzz_0001_last"]),
  );
});

test("D4: the migrations of a feature run after those of the features before it, by their numbers", async () => {
  const ran: string[] = [];
  const noting = (name: string) => ({ up: async () => void ran.push(name) });
  const zoo = { name: "zoo", migrations: { "0002_b": noting("zoo 2"), "0001_a": noting("zoo 1") } };
  const ant = { name: "ant", migrations: { "0001_a": noting("ant 1") } };
  await (await open([zoo, ant])).close();
  await (await open([zoo, ant])).close();
  expect(ran).toEqual(["zoo 1", "zoo 2", "ant 1"]);
});

test("D4: a migration that fails changes nothing, not even the old names, and the next start goes on", async () => {
  await (await oldDatabase(storage.options, "0004_read_marks")).destroy();
  const before = [await withQueries(schemaOf), await withQueries(migrationsOf)];
  const broken = { name: "broken", migrations: { "0001_table": table("things"), "0002_same": table("things") } };
  await expect(open([...FEATURES, broken])).rejects.toMatchObject({
    code: "STORE_MIGRATION",
    message: expect.stringMatching(/^the migration broken_0002_same failed: .*things.*\. Nothing was changed\./),
  });
  expect([await withQueries(schemaOf), await withQueries(migrationsOf)]).toEqual(before);
  const store = await openStore(storage.options);
  expect(await store.rooms.standing("lobby", "ada")).toBeUndefined();
  await store.close();
});

const withoutChat = FEATURES.filter(({ name }) => name !== "chat");

test("D4: without a feature a new database has none of its tables", async () => {
  await (await open(withoutChat)).close();
  const tables = await withQueries(tablesOf);
  expect(tables).toEqual(expect.arrayContaining(["keys", "sessions", "users"]));
  for (const name of ["rooms", "messages", "members", "read_marks", "reports"]) expect(tables).not.toContain(name);
});

test.each(["by this program", "by an older version"])(
  "D4: a database with a feature that was removed, made %s, is opened when UNUSED_FEATURES names it",
  async (by) => {
    if (by === "by this program") await (await openStore(storage.options)).close();
    else await (await oldDatabase(storage.options, "0012_enter_rooms")).destroy();
    await withQueries((db) =>
      sql`insert into rooms (name, epoch, seq, created_at) values ('garden', 'first', 0, 7)`.execute(db),
    );
    await expect(open(withoutChat)).rejects.toMatchObject({
      code: "STORE_NEWER",
      message: expect.stringMatching(/a program with the feature chat has used it\. .* set UNUSED_FEATURES=chat, /),
    });
    await expect(open(withoutChat, ["chart"])).rejects.toMatchObject({ code: "STORE_NEWER" });
    await (await open(withoutChat, ["chat"])).close();
    // the feature comes back, and has its rows
    const store = await openStore(storage.options);
    expect(await store.rooms.positions(["garden"])).toMatchObject([{ room: "garden", epoch: "first" }]);
    await store.close();
  },
);

test("D4: a newer version of a feature that the program has is refused, whatever UNUSED_FEATURES says", async () => {
  const todos = { name: "todos", migrations: { "0001_todos": table("todos") } };
  const newer = { ...todos, migrations: { ...todos.migrations, "0002_due": table("due") } };
  await (await open([...FEATURES, newer])).close();
  await expect(open([...FEATURES, todos], ["todos"])).rejects.toMatchObject({
    code: "STORE_NEWER",
    message: expect.stringContaining("todos_0002_due, which this program does not know: a newer program has used it."),
  });
});

test("D7: a database that a branch has used is refused with another database that can be used instead", async () => {
  const branch = { name: "todos", migrations: { "0001_todos": table("todos") } };
  await (await open([...FEATURES, branch])).close();
  const before = [await withQueries(schemaOf), await withQueries(migrationsOf)];
  const problem = await open(FEATURES).then(
    () => "",
    ({ message }) => message as string,
  );
  expect(problem).toContain("the migration todos_0001_todos, which this program does not know");
  expect([await withQueries(schemaOf), await withQueries(migrationsOf)]).toEqual(before);
  if (storage.options.databaseUrl !== undefined) {
    expect(problem).toMatch(/To start with another database, name it in DATABASE_URL\.$/);
    return;
  }
  const [, other = ""] = /set DATA_DIR=(\S+)$/.exec(problem) ?? [];
  expect(other).toBe(`${storage.options.dataDir}-2`);
  await (await openDatabase({ dataDir: other }, FEATURES)).close();
  await expect(open(FEATURES)).rejects.toThrow(`set DATA_DIR=${storage.options.dataDir}-3`);
  rmSync(other, { recursive: true });
});

test("D7: the folder that the message names can be copied into a shell", async () => {
  const dataDir = join(storage.options.dataDir, "Ada's data");
  const branch = { name: "todos", migrations: { "0001_todos": table("todos") } };
  await (await openDatabase({ dataDir }, [...FEATURES, branch])).close();
  const quoted = await openDatabase({ dataDir }, FEATURES).then(
    () => "",
    ({ message }) => /set (DATA_DIR=.*)$/.exec(message)?.[1] ?? "",
  );
  const printed = execFileSync("sh", ["-c", `${quoted} sh -c 'printf %s "$DATA_DIR"'`], { encoding: "utf8" });
  expect(printed).toBe(`${dataDir}-2`);
});
