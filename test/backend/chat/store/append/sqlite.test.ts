import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { Kysely } from "kysely";
import { SessionStore } from "../../../../../backend/auth/session-store.ts";
import { type Appender, type AssertMaySend, sqliteAppender } from "../../../../../backend/chat/store/append/index.ts";
import { AUTHOR_TABLES, authorCache, SESSION_TABLES } from "../../../../../backend/chat/store/author-cache.ts";
import { enteringSqlite } from "../../../../../backend/chat/store/entering-sqlite.ts";
import { MemberStore } from "../../../../../backend/chat/store/members.ts";
import { RoomStore } from "../../../../../backend/chat/store/rooms.ts";
import type { ChatTables } from "../../../../../backend/chat/store/tables.ts";
import { createUsage, messageBytes, type Usage } from "../../../../../backend/chat/store/usage.ts";
import { type LogSync, MAX_SYNC_MS, openLogSync, type Sync } from "../../../../../backend/store/log-sync.ts";
import { migrate } from "../../../../../backend/store/migrate.ts";
import { openSqlite } from "../../../../../backend/store/sqlite.ts";
import { type SqliteConnection, sqliteConnection } from "../../../../../backend/store/sqlite-connection.ts";
import { NodeSqliteDialect } from "../../../../../backend/store/sqlite-dialect.ts";
import { SqliteGroups } from "../../../../../backend/store/sqlite-groups.ts";
import type { StoreTables } from "../../../../../backend/store/tables.ts";
import { nameTaker, type UsersTables, userLock } from "../../../../../backend/users/index.ts";
import { UserStore } from "../../../../../backend/users/user-store.ts";
import { FEATURES } from "../../../store/open-store.ts";
import { newSession } from "../../../store/rows.ts";

let dataDir: string;
let connection: SqliteConnection;
let log: LogSync;
let db: Kysely<ChatTables>;
let users: Kysely<UsersTables>;
let usage: Usage;
let appender: Appender;
let members: MemberStore;
let sessions: SessionStore;
/** Syncs that the test lets end. */
let held: ((error: Error | null) => void)[] | undefined;
const failures: Error[] = [];
const onLate = (problem: Error) => void late.push(problem);
const late: Error[] = [];

const sync: Sync = (_, done) => {
  if (held) held.push(done);
  else setImmediate(done, null);
};

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "causeway-append-"));
  held = undefined;
  failures.length = 0;
  late.length = 0;
  const database = openSqlite(dataDir);
  database.exec("pragma wal_checkpoint");
  log = openLogSync(join(dataDir, "causeway.db-wal"), (error) => failures.push(error), onLate, sync);
  connection = sqliteConnection(database, log);
  const all = new Kysely<StoreTables>({ dialect: new NodeSqliteDialect(connection) });
  await migrate(all, FEATURES);
  db = all.withTables<ChatTables>();
  users = all.withTables<UsersTables>();
  usage = createUsage(db);
  const rest = { passwordHash: "", role: "user", createdAt: 1, disabledAt: null } as const;
  for (const id of ["ada", "bob"])
    await new UserStore(users, () => 1).create({ id, name: id, email: `${id}@example.org`, ...rest });
  sessions = new SessionStore(db, userLock(users));
  for (const id of ["ada", "bob"]) await sessions.create(newSession(`s-${id}`, id));
  const lockUser = userLock(users);
  const rooms = new RoomStore(db, usage, { lockUser, takeName: nameTaker(users) });
  await rooms.open({ key: "garden", kind: "public", title: null, openedBy: "ada", at: 1 }, [
    { id: "ada", role: "owner", peerId: null },
    { id: "bob", role: "member", peerId: null },
  ]);
  const groups = new SqliteGroups(connection);
  const standings = authorCache(groups, db);
  appender = sqliteAppender(groups, standings, db, usage);
  members = new MemberStore(db, enteringSqlite(groups, standings, db), lockUser);
});
afterEach(async () => {
  jest.useRealTimers();
  held = undefined;
  if (failures.length === 0) await usage.close();
  await db.destroy();
  await log.close();
  rmSync(dataDir, { recursive: true });
});

const anybody: AssertMaySend = () => undefined;
const send = (clientId: string, judge = anybody, authorId = "ada", room = "garden") =>
  appender.append(
    { room, authorId, sid: `s-${authorId}`, clientId, text: `text ${clientId}`, at: 5, quota: 1e9 },
    judge,
  );
const rows = () =>
  connection.database
    .prepare("select seq, client_id from messages order by seq")
    .all()
    .map(({ seq, client_id }) => `${seq} ${client_id}`);
const position = () => connection.database.prepare("select seq from rooms where name = 'garden'").get()?.seq;

test("N8: messages of one moment are one commit, in the order of their arrival", async () => {
  const before = log.commits;
  const stored = await Promise.all(["c", "a", "b"].map((id) => send(id)));
  expect(stored.map(({ message }) => `${message.seq} ${message.clientId}`)).toEqual(["1 c", "2 a", "3 b"]);
  expect([rows(), position(), log.commits - before]).toEqual([["1 c", "2 a", "3 b"], 3, 1]);
});

test("N8: what is refused or was sent before changes nothing, and undoes nothing of the others", async () => {
  const first = await send("first");
  const outcomes = await Promise.allSettled([
    send("a"),
    send("refused", () => {
      throw new Error("muted");
    }),
    send("first"),
    send("nowhere", anybody, "ada", "nowhere"),
    send("b", anybody, "bob"),
    send("a"),
  ]);
  expect(outcomes).toMatchObject([
    { value: { message: { seq: 2, clientId: "a" }, repeated: false } },
    { reason: { message: "muted" } },
    { value: { message: first.message, repeated: true } },
    { reason: { message: expect.stringContaining("does not exist") } },
    { value: { message: { seq: 3, clientId: "b", author: { id: "bob", name: "bob" } }, repeated: false } },
    { value: { message: { seq: 2 }, repeated: true } },
  ]);
  expect([rows(), position()]).toEqual([["1 first", "2 a", "3 b"], 3]);
  expect(usage.pending("ada")).toBe(messageBytes("text first") + messageBytes("text a"));
});

test("N8: messages of one group are counted one after the other, so that they do not exceed the quota together", async () => {
  const limit = messageBytes("text 1") * 2;
  const outcomes = await Promise.allSettled(
    ["1", "2", "3"].map((id) =>
      send(id, (_, bytes) => {
        if (bytes > limit) throw new Error("quota");
      }),
    ),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
  const pending = usage.pending("ada");
  const again = send("2", () => {
    throw new Error("quota");
  });
  expect(await again).toMatchObject({ repeated: true, message: { seq: 2 } });
  expect(usage.pending("ada")).toBe(pending);
});

/** Someone else writes to the same file, as a command of the operator's does. */
function elsewhere(sql: string): void {
  const other = new DatabaseSync(join(dataDir, "causeway.db"), { timeout: 5000 });
  other.exec(sql);
  other.close();
}

const changes: readonly [string, () => unknown, object][] = [
  ["muted", () => members.setMuted("garden", "bob", 99), { membership: { mutedUntil: 99 } }],
  ["kicked", () => members.end("garden", "bob", "out", 9), { membership: { state: "out" } }],
  ["banned", () => members.end("garden", "bob", "banned", 9), { membership: { state: "banned" } }],
  ["promoted", () => members.setRole("garden", "bob", "moderator"), { membership: { role: "moderator" } }],
  [
    "muted by another process",
    () => elsewhere("update members set muted_until = 77 where user_id = 'bob'"),
    { membership: { mutedUntil: 77 } },
  ],
  [
    "given another epoch by another process",
    () => elsewhere("update rooms set epoch = 'new', seq = 40 where name = 'garden'"),
    { room: { epoch: "new", seq: 40 } },
  ],
];

test.each(changes)("N8: the next message is judged by what holds now: %s", async (_, change, expected) => {
  await send("before", anybody, "bob");
  await change();
  const seen: unknown[] = [];
  const { message } = await send("after", (standing) => void seen.push(structuredClone(standing)), "bob");
  expect(seen).toMatchObject([expected]);
  expect(message.seq).toBe(Number(position()));
});

const ends: readonly [string, () => unknown][] = [
  ["the session has ended", () => sessions.end("s-bob", "logout", 9)],
  ["another process has ended it", () => elsewhere("update sessions set ended_at = 9 where id = 's-bob'")],
  ["the account was disabled", () => new UserStore(users, () => 1).disable("bob", 9)],
];

test.each(ends)("S8: the next message is refused as of no user: %s", async (_, end) => {
  await send("before", anybody, "bob");
  await end();
  const seen: unknown[] = [];
  await expect(send("after", (standing) => void seen.push(standing), "bob")).rejects.toThrow("does not exist");
  expect(seen).toEqual([undefined]);
  expect((await send("of ada")).message.seq).toBe(2);
});

test("S8: a message of another user's session is refused", async () => {
  await send("before", anybody, "bob");
  const draft = { room: "garden", authorId: "ada", sid: "s-bob", clientId: "c", text: "hello", at: 5 };
  await expect(appender.append(draft, anybody)).rejects.toThrow("does not exist");
});

test("N7: an entry is one commit with the messages of its moment, which are judged by it", async () => {
  await send("before", anybody, "bob");
  await members.end("garden", "bob", "out", 9);
  const before = log.commits;
  const seen: unknown[] = [];
  const judge: AssertMaySend = (standing) =>
    void seen.push(structuredClone([standing?.membership?.state, standing?.room.members]));
  const entry = { room: "garden", userId: "bob", at: 9, maxMembers: 9 } as const;
  await Promise.all([
    send("1", judge, "bob"),
    members.enter({ ...entry, fromStates: ["out"] }),
    members.enter({ ...entry, fromStates: ["none"] }),
    send("2", judge, "bob"),
  ]);
  expect([log.commits - before, seen]).toEqual([
    1,
    [
      ["out", 1],
      ["in", 2],
    ],
  ]);
});

test("N8: a room that is closed and a user who was renamed are seen by the next message", async () => {
  await send("before", anybody, "bob");
  await new UserStore(users, () => 1).setName("bob", "robert");
  expect((await send("renamed", anybody, "bob")).message.author.name).toBe("robert");
  await db.updateTable("rooms").set({ closed_at: 9 }).where("name", "=", "garden").execute();
  const seen: unknown[] = [];
  await expect(send("closed", (standing) => void seen.push(standing), "bob")).rejects.toThrow("does not exist");
  expect(seen).toEqual([undefined]);
});

test("N8: rows of the tables that are kept in memory go only with rows of the same tables", () => {
  for (const tables of [AUTHOR_TABLES, SESSION_TABLES])
    for (const table of tables) {
      const parents = connection.database.prepare(`pragma foreign_key_list(${table})`).all();
      for (const { table: parent } of parents) expect(tables).toContain(parent);
    }
});

test("N8: a group that the database cannot store is refused as a whole, and the next one is stored", async () => {
  await send("before");
  const rest = { passwordHash: "", role: "user", createdAt: 1, disabledAt: null } as const;
  await new UserStore(users, () => 1).create({ id: "eve", name: "eve", email: "eve@example.org", ...rest });
  const eve = { room: "garden", userId: "eve", at: 9, fromStates: ["none"], maxMembers: 9 } as const;
  const pages = Number(connection.database.prepare("pragma page_count").get()?.page_count);
  connection.database.exec(`pragma max_page_count = ${pages}`);
  const large = { room: "garden", authorId: "ada", sid: "s-ada", text: "x".repeat(20_000), at: 5, quota: 1e9 };
  const outcomes = await Promise.allSettled([
    send("small"),
    members.enter(eve),
    appender.append({ ...large, clientId: "large" }, anybody),
    send("later"),
  ]);
  expect(outcomes).toMatchObject(Array(4).fill({ reason: { name: "DatabaseAway" } }));
  expect(usage.pending("ada")).toBe(messageBytes("text before"));
  connection.database.exec("pragma max_page_count = 1000000");
  expect((await send("again")).message.seq).toBe(2);
  expect((await members.enter(eve)).standing?.room).toMatchObject({ seq: 2, members: 3 });
  expect([rows(), position()]).toEqual([["1 before", "2 again"], 2]);
});

/** What has come of promises so far. */
const settled = async (...promises: readonly Promise<unknown>[]) => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const pending = Symbol();
  return Promise.all(
    promises.map((one) =>
      Promise.race([one, Promise.resolve(pending)]).then(
        (value) => (value === pending ? "pending" : "fulfilled"),
        () => "rejected",
      ),
    ),
  );
};

test("N10: a message is acknowledged when a sync that began after its commit has ended", async () => {
  held = [];
  const first = send("first");
  expect(await settled(first)).toEqual(["pending"]);
  expect(rows()).toEqual(["1 first"]);
  // written while the first sync is under way: it says nothing about this one
  const muted = members.setMuted("garden", "bob", 99);
  expect(await settled(muted)).toEqual(["pending"]);
  held.shift()?.(null);
  expect(await settled(first, muted)).toEqual(["fulfilled", "pending"]);
  expect(held).toHaveLength(1);
  held.shift()?.(null);
  expect(await settled(muted)).toEqual(["fulfilled"]);
});

test("N10: what is not on disk yet is shown to no client: queries that read wait as well", async () => {
  held = [];
  const sent = send("first");
  expect(await settled(sent)).toEqual(["pending"]);
  const read = db.selectFrom("messages").select("seq").execute();
  expect(await settled(read)).toEqual(["pending"]);
  held.shift()?.(null);
  expect(await settled(sent, read)).toEqual(["fulfilled", "fulfilled"]);
  expect(await read).toEqual([{ seq: 1 }]);
  // all is on disk: a query that reads costs no sync
  await db.selectFrom("messages").select("seq").execute();
  expect(held).toEqual([]);
});

test("N10: after a sync that failed nothing is acknowledged any more, whatever later syncs say", async () => {
  held = [];
  const first = send("first");
  await settled(first);
  const second = members.setMuted("garden", "bob", 99);
  await settled(second);
  held.shift()?.(new Error("EIO: i/o error, fdatasync"));
  held = undefined;
  const away = { name: "DatabaseAway", message: expect.stringContaining("EIO") };
  await expect(first).rejects.toMatchObject(away);
  await expect(second).rejects.toMatchObject(away);
  await expect(send("later")).rejects.toMatchObject(away);
  await expect(db.selectFrom("messages").select("seq").execute()).rejects.toMatchObject(away);
  expect(failures.map(({ message }) => message)).toEqual(["EIO: i/o error, fdatasync"]);
});

test("N10: while the disk hangs nothing waits for it without end, and when it goes on what was stored is there", async () => {
  await send("before");
  jest.useFakeTimers({ doNotFake: ["setImmediate", "nextTick", "queueMicrotask", "performance"] });
  const pending: ((error: Error | null) => void)[] = [];
  held = pending;
  const first = send("first");
  await settled(first);
  const [waits, muted] = [send("waits"), members.setMuted("garden", "bob", 99)];
  expect(await settled(first, waits, muted)).toEqual(["pending", "pending", "pending"]);
  jest.advanceTimersByTime(MAX_SYNC_MS);
  expect(await settled(first, muted)).toEqual(["rejected", "rejected"]);
  await expect(first).rejects.toMatchObject({ name: "DatabaseAway", message: expect.stringContaining("30 s") });
  jest.advanceTimersByTime(10);
  // at once: it waits for no other sync
  expect(await settled(waits, db.selectFrom("messages").select("seq").execute())).toEqual(["rejected", "rejected"]);
  expect([late.length, failures, pending.length]).toEqual([1, [], 1]);
  held = undefined;
  pending.shift()?.(null);
  const again = send("first");
  jest.advanceTimersByTime(10);
  expect(await again).toMatchObject({ repeated: true, message: { seq: 2 } });
  expect(await db.selectFrom("messages").select("seq").execute()).toHaveLength(3);
});

test("N10: no more than 10,000 messages wait for the database", async () => {
  held = [];
  await settled(send("first"));
  const outcomes = Array.from({ length: 10_001 }, (_, n) => send(`m${n}`));
  await expect(outcomes.at(-1)).rejects.toMatchObject({
    name: "DatabaseAway",
    message: expect.stringContaining("10000 wait"),
  });
  const done = Promise.allSettled(outcomes);
  const [release] = held;
  held = undefined;
  release?.(null);
  expect((await done).filter(({ status }) => status === "fulfilled")).toHaveLength(10_000);
});
