import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import pg from "pg";
import type { Message } from "../../../../backend/chat/message.ts";
import { assertMayWrite } from "../../../../backend/chat/room-access.ts";
import type { Appended, AssertMaySend } from "../../../../backend/chat/store/append/index.ts";
import { MESSAGE_ROW_BYTES, messageBytes } from "../../../../backend/chat/store/usage.ts";
import { publicError, refuse } from "../../../../backend/contract/index.ts";
import { startProxy } from "../../../backend/client/cuttable-proxy.ts";
import { openStore, type Store } from "../../../backend/store/open-store.ts";
import { addUsers, newSession } from "../../../backend/store/rows.ts";
import { type Cluster, startCluster } from "../cluster.ts";

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

let url: string;
let nodes: [Store, Store];
/** A connection beside the nodes. */
let beside: pg.Client;
beforeEach(async () => {
  ({ url } = await cluster.database());
  const node = () => openStore({ dataDir: "unused", databaseUrl: url });
  nodes = [await node(), await node()];
  beside = new pg.Client(url);
  await beside.connect();
  await addUsers(nodes[0], "ada", "bob", "eve");
  for (const key of ["attic", "barn", "cellar"]) {
    const people = ["ada", "bob", "eve"].map((id) => ({ id, role: "member", peerId: null }) as const);
    await nodes[0].rooms.open({ key, kind: "public", title: null, openedBy: "ada", at: 1 }, people);
  }
});
afterEach(async () => {
  await beside.end();
  for (const node of nodes) await node.close();
});

const NOW = 1000;
interface Sent {
  readonly room?: string;
  readonly author?: string;
  readonly id: string;
  readonly text?: string;
  readonly quota?: number;
}

/** The judge of `chat.send`. */
const judged =
  (quota: number): AssertMaySend =>
  (standing, storedBytes) => {
    assertMayWrite(standing, NOW);
    if (storedBytes > quota) throw refuse("MESSAGE_QUOTA");
  };
function send(node: Store, { room = "attic", author = "ada", id, text = id, quota = 1e9 }: Sent): Promise<Appended> {
  return node.messages.append(
    { room, authorId: author, sid: `s-${author}`, clientId: id, text, at: NOW, quota },
    judged(quota),
  );
}
/** Their numbers, or what they were refused with. */
const outcomes = (sent: readonly Promise<Appended>[]) =>
  Promise.all(
    sent.map((one) =>
      one.then(
        ({ message, repeated }) => (repeated ? `repeated ${message.seq}` : message.seq),
        (error: unknown) =>
          error instanceof Error && error.name === "DatabaseAway" ? error.name : publicError(error).code,
      ),
    ),
  );

/** Resolves when so many statements of the nodes wait for a lock, or it is over. */
async function waitingFor(locks: number, isOver = () => false): Promise<void> {
  const waits = `select from pg_stat_activity where application_name = 'causeway' and wait_event_type = 'Lock'
    and datname = current_database()`;
  const observer = new pg.Client(url);
  await observer.connect();
  while (!isOver() && ((await observer.query(waits)).rowCount ?? 0) < locks);
  await observer.end();
}

/** Asserts that a room's messages are numbered 1, 2, 3 and the room knows the last number. */
async function numbered(room: string): Promise<readonly Message[]> {
  const all = await nodes[0].messages.after(room, 0, 10_000);
  expect(all.map(({ seq }) => seq)).toEqual(all.map((_, n) => n + 1));
  expect((await nodes[0].rooms.findStanding(room, "ada"))?.room.seq).toBe(all.length);
  return all;
}

test("N1: messages that are sent at once are stored in one transaction", async () => {
  const rooms = ["attic", "barn", "cellar"];
  const sent = Array.from({ length: 90 }, (_, n) => send(nodes[0], { room: rooms[n % 3] ?? "", id: `c${n}` }));
  expect(await outcomes(sent)).toEqual(sent.map((_, n) => Math.floor(n / 3) + 1));
  const { rows } = await beside.query(
    "select count(*)::int as messages, count(distinct xmin::text)::int as transactions from messages",
  );
  expect(rows).toEqual([{ messages: 90, transactions: 1 }]);
});

test("N1: a message that waits while its author is put out of the room is refused, one before it is stored", async () => {
  expect(await outcomes([send(nodes[0], { id: "before" })])).toEqual([1]);
  await beside.query("begin");
  await beside.query("update rooms set revision = revision + 1, members = members - 1 where name = 'attic'");
  const sent = [
    send(nodes[0], { id: "of ada" }),
    send(nodes[0], { id: "of bob", author: "bob" }),
    send(nodes[0], { id: "elsewhere", room: "barn" }),
    send(nodes[1], { id: "by another node" }),
  ];
  await waitingFor(2);
  await beside.query("update members set state = 'banned' where room = 'attic' and user_id = 'ada'");
  await beside.query("commit");
  expect(await outcomes(sent)).toEqual(["BANNED", 2, 1, "BANNED"]);
  expect((await numbered("attic")).map(({ clientId }) => clientId)).toEqual(["before", "of bob"]);
});

test("S8: a message that waits while its author's account is disabled is refused", async () => {
  await beside.query("begin");
  await beside.query("select from rooms where name = 'attic' for update");
  const sent = [send(nodes[0], { id: "of ada" }), send(nodes[0], { id: "of bob", author: "bob" })];
  await waitingFor(1);
  await nodes[1].users.disable("ada", NOW);
  await beside.query("commit");
  expect(await outcomes(sent)).toEqual(["NOT_FOUND", 1]);
  expect((await numbered("attic")).map(({ clientId }) => clientId)).toEqual(["of bob"]);
});

test("S8: a message that waits while its author's session ends is refused; one of a session that is renewed is stored", async () => {
  await beside.query("begin");
  await beside.query("select from rooms where name = 'attic' for update");
  const sent = [send(nodes[0], { id: "of ada" }), send(nodes[0], { id: "of bob", author: "bob" })];
  await waitingFor(1);
  expect(await nodes[1].sessions.end("s-ada", "logout", NOW)).toBe(true);
  const use = { at: NOW, address: null, agent: null };
  expect(await nodes[1].sessions.rotate("s-bob", "h1", { refreshHash: "h2", accessHash: null }, use)).toBe(true);
  await beside.query("commit");
  expect(await outcomes(sent)).toEqual(["NOT_FOUND", 1]);
  expect(await outcomes([send(nodes[0], { id: "again" })])).toEqual(["NOT_FOUND"]);
  expect((await numbered("attic")).map(({ clientId }) => clientId)).toEqual(["of bob"]);
});

test("S8: a message of another user's session is refused", async () => {
  const draft = { room: "attic", authorId: "ada", sid: "s-bob", clientId: "c", text: "hello", at: NOW };
  expect(await outcomes([nodes[0].messages.append(draft, judged(1e9))])).toEqual(["NOT_FOUND"]);
});

test("S8: the end of a session waits for what was allowed before: a message and an edit", async () => {
  const lastSteps = {
    message: {
      lock: `insert into messages (room, seq, author_id, client_id, text, at) values ('barn', 1, 'ada', 'm', 'undone', 1)`,
      act: () => send(nodes[0], { id: "m" }),
    },
    edit: {
      lock: "select from messages where author_id = 'eve' for update",
      act: () => nodes[0].messages.change("attic", 2, { id: "eve", sid: "s-eve" }, () => ({ deletedAt: NOW })),
    },
  };
  await send(nodes[0], { id: "first", author: "bob" });
  await send(nodes[0], { id: "edited", author: "eve" });
  for (const [sid, { lock, act }] of [["s-ada", lastSteps.message] as const, ["s-eve", lastSteps.edit] as const]) {
    await beside.query("begin");
    await beside.query(lock);
    const events: string[] = [];
    const acted = act().then(() => events.push("stored"));
    await waitingFor(1);
    const ended = nodes[1].sessions.end(sid, "logout", NOW).then(() => events.push("ended"));
    await waitingFor(2, () => events.length > 0);
    expect(events).toEqual([]);
    await beside.query("rollback");
    await Promise.all([acted, ended]);
    expect([...events].sort()).toEqual(["ended", "stored"]);
  }
  expect((await numbered("attic")).map(({ clientId, deletedAt }) => [clientId, deletedAt])).toEqual([
    ["first", undefined],
    ["edited", NOW],
    ["m", undefined],
  ]);
});

test("N1: bans and messages of two nodes at the same time: no message is later than its author's ban", async () => {
  for (let round = 0; round < 15; round += 1) {
    const sent = Array.from({ length: 10 }, (_, n) => send(nodes[n % 2 ? 0 : 1], { id: `r${round}-${n}` }));
    const [, ended] = await Promise.all([
      outcomes(sent),
      nodes[round % 2 ? 0 : 1].members.end("attic", "ada", "banned", NOW),
    ]);
    expect(ended).toBeDefined();
    const stored = (await numbered("attic")).length;
    expect(await outcomes([send(nodes[0], { id: `r${round}-late` })])).toEqual(["BANNED"]);
    expect((await numbered("attic")).length).toBe(stored);
    await nodes[0].members.revoke("attic", "ada", "banned", NOW);
    await nodes[0].members.enter({ room: "attic", userId: "ada", at: NOW, fromStates: ["out"], maxMembers: 10 });
  }
});

test("N1: one that is refused takes no number and leaves the others of its group alone", async () => {
  await nodes[0].members.setMuted("attic", "bob", NOW + 1);
  await nodes[0].members.end("attic", "eve", "out", NOW);
  await nodes[0].rooms.open({ key: "~p", kind: "direct", title: null, openedBy: "ada", at: 1 }, [
    { id: "ada", role: "member", peerId: "eve" },
  ]);
  const sent: Sent[] = [
    { id: "c1" },
    { id: "c2", author: "bob" },
    { id: "c3" },
    { id: "c4", author: "eve" },
    { id: "c5", author: "nobody" },
    { id: "c6", room: "nowhere" },
    { id: "c7", room: "~p" },
    { id: "c8", quota: 100 },
    { id: "c9" },
    { id: "c10", author: "eve", room: "lobby" },
  ];
  const all = await outcomes(sent.map((one) => send(nodes[0], one)));
  const refusals = ["MUTED", "NOT_MEMBER", "NOT_FOUND", "NOT_FOUND", "PEER_LEFT", "MESSAGE_QUOTA"];
  expect(all).toEqual([1, refusals[0], 2, ...refusals.slice(1), 3, 1]);
  expect((await numbered("attic")).map(({ clientId }) => clientId)).toEqual(["c1", "c3", "c9"]);
});

test("N1: messages that are refused do not write the room", async () => {
  const version = async () => (await beside.query("select ctid, seq from rooms where name = 'attic'")).rows[0];
  const before = await version();
  expect(
    await outcomes([send(nodes[0], { id: "a", quota: 1 }), send(nodes[0], { id: "b", author: "nobody" })]),
  ).toEqual(["MESSAGE_QUOTA", "NOT_FOUND"]);
  expect(await version()).toEqual(before);
  expect(await outcomes([send(nodes[0], { id: "c" })])).toEqual([1]);
  expect(await version()).not.toEqual(before);
});

test("N1: one that the database cannot take fails alone", async () => {
  const sent = Array.from({ length: 9 }, (_, n) => send(nodes[0], { id: `c${n}`, text: n === 4 ? "a\0b" : "fine" }));
  const results = await Promise.allSettled(sent);
  expect(results.map(({ status }) => status === "fulfilled")).toEqual(sent.map((_, n) => n !== 4));
  expect((await numbered("attic")).map(({ clientId }) => clientId)).toEqual(
    sent.flatMap((_, n) => (n === 4 ? [] : [`c${n}`])),
  );
  // what failed does not count
  await nodes[0].close();
  const { rows } = await beside.query("select stored_bytes from users where id = 'ada'");
  expect(Number(rows[0]?.stored_bytes)).toBe(8 * messageBytes("fine"));
});

test("N1: a client id that is repeated gives the first message, takes no number, and may come from anywhere", async () => {
  const ids = ["a", "b", "a", "c", "b", "a"];
  expect(await outcomes(ids.map((id) => send(nodes[0], { id })))).toEqual([
    1,
    2,
    "repeated 1",
    3,
    "repeated 2",
    "repeated 1",
  ]);
  const elsewhere = ids.map((id, n) => send(nodes[n % 2 ? 0 : 1], { id, room: n > 2 ? "barn" : "attic" }));
  expect(await outcomes(elsewhere)).toEqual(ids.map((id) => `repeated ${"abc".indexOf(id) + 1}`));
  expect(await outcomes([send(nodes[0], { id: "a", author: "bob" })])).toEqual([4]);
  expect(await numbered("attic")).toHaveLength(4);
  expect(await numbered("barn")).toHaveLength(0);
});

test("N1: a client id that another node is just storing in another room leaves no gap", async () => {
  await beside.query("begin");
  await beside.query("update rooms set seq = 1 where name = 'barn'");
  await beside.query(
    `insert into messages (room, seq, author_id, client_id, text, at) values ('barn', 1, 'ada', 'b', 'first', 1)`,
  );
  const sent = ["a", "b", "c"].map((id) => send(nodes[0], { id }));
  await waitingFor(1);
  await beside.query("commit");
  expect(await outcomes(sent)).toEqual([1, "repeated 1", 2]);
  expect((await sent[1])?.message).toMatchObject({ room: "barn", text: "first" });
  expect((await numbered("attic")).map(({ clientId }) => clientId)).toEqual(["a", "c"]);
  await numbered("barn");

  // a message that is alone in its group waits in the index itself
  await beside.query("begin");
  await beside.query(
    `insert into messages (room, seq, author_id, client_id, text, at) values ('barn', 2, 'ada', 'd', 'second', 1)`,
  );
  const alone = send(nodes[0], { id: "d" });
  await waitingFor(1);
  await beside.query("commit");
  expect(await alone).toMatchObject({ repeated: true, message: { room: "barn", text: "second" } });
});

test("N1: two nodes that send to the same rooms, with the same client ids, neither lock each other out nor leave holes", async () => {
  const rooms = ["attic", "barn", "cellar"];
  const [forth, back] = [rooms, rooms.toReversed()];
  const sent: Promise<Appended>[] = [];
  for (let round = 0; round < 40; round += 1) {
    for (let n = 0; n < 6; n += 1) {
      // the same id in different rooms, in opposite orders
      sent.push(send(nodes[0], { room: forth[n % 3] ?? "", id: `r${round}-${n}` }));
      sent.push(send(nodes[1], { room: back[n % 3] ?? "", id: `r${round}-${5 - n}` }));
    }
    if (round % 4 === 3) await Promise.all(sent);
  }
  const all = await Promise.all(sent);
  const stored = (await Promise.all(rooms.map(numbered))).flat();
  expect(stored).toHaveLength(240);
  expect(all.filter(({ repeated }) => !repeated)).toHaveLength(240);
  for (const { message } of all) expect(stored).toContainEqual(message);
  const { rows } = await beside.query("select deadlocks from pg_stat_database where datname = current_database()");
  expect(Number(rows[0]?.deadlocks)).toBe(0);
});

test("N1: two nodes that store the same client ids in different rooms do not wait for each other", async () => {
  // a deadlock is not resolved here: both statements would wait until they take too long
  await beside.query(`alter database ${new URL(url).pathname.slice(1)} set deadlock_timeout = '1min'`);
  const fresh = await Promise.all(nodes.map(() => openStore({ dataDir: "unused", databaseUrl: url })));
  await beside.query("begin");
  await beside.query(`insert into messages (room, seq, author_id, client_id, text, at)
    values ('cellar', 1, 'ada', 'm', 'undone', 1)`);
  const orders = [
    ["a", "m", "z"],
    ["z", "m", "a"],
  ];
  const sent = fresh.map((node, n) => orders[n]?.map((id) => send(node, { id, room: n ? "barn" : "attic" })) ?? []);
  await waitingFor(2);
  await beside.query("rollback");
  const all = await Promise.all(sent.map(outcomes));
  expect(all).toContainEqual([1, 2, 3]);
  expect(all).toContainEqual(["repeated 3", "repeated 2", "repeated 1"]);
  await Promise.all(fresh.map((node) => node.close()));
});

test("N1: a plan that was made for empty tables reads a few rows when they are large", async () => {
  const call = (first: number) =>
    beside.query("select seq from append_messages($1, $2, $3, $4, $5, $6, $7, $8, $9)", [
      [...["attic", "barn", "attic"], ...["none", "cellar"]],
      Array(5).fill("ada"),
      Array(5).fill("s-ada"),
      Array.from({ length: 5 }, (_, n) => `c${first + n}`),
      ...[Array(5).fill("text"), Array(5).fill(null), Array(5).fill(NOW), Array(5).fill(1e9), Array(5).fill(204)],
    ]);
  await call(0);
  await beside.query(`insert into users (id, email, name, password_hash, role, created_at)
    select n, n, n, 'x', 'user', 1 from generate_series(1, 1000) as n`);
  await beside.query(`insert into sessions (id, user_id, refresh_hash, rotated_at, created_at, used_at)
    select n, n, 'x', 1, 1, 1 from generate_series(1, 1000) as n`);
  await beside.query(`insert into rooms (name, epoch, seq, created_at, members)
    select n, 'e', 1, 1, 1 from generate_series(1, 1000) as n`);
  await beside.query(`insert into members (room, user_id, role, state, since, joined_at)
    select n, n, 'member', 'in', 0, 1 from generate_series(1, 1000) as n`);
  await beside.query(`insert into messages (room, seq, author_id, client_id, text, at)
    select n, 1, n, 'c1', 'x', 1 from generate_series(1, 1000) as n`);
  const rowsRead = async (): Promise<number> => {
    const { rows } = await beside.query(`select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as read
      from pg_stat_xact_user_tables where relname in ('users', 'sessions', 'rooms', 'members', 'messages')`);
    return rows[0]?.read;
  };
  await beside.query("begin");
  const before = await rowsRead();
  await call(10);
  expect((await rowsRead()) - before).toBeLessThan(60);
  await beside.query("rollback");
});

test("N1: when the connection is lost, all of the group are told so; sent again, what was stored is repeated", async () => {
  const proxy = await startProxy(url);
  const through = new URL(url);
  through.port = new URL(proxy.url).port;
  const node = await openStore({ dataDir: "unused", databaseUrl: through.href });
  await beside.query("begin; update rooms set revision = revision where name = 'attic'");
  const ids = ["a", "b", "c"];
  const sent = outcomes(ids.map((id) => send(node, { id })));
  await waitingFor(1);
  proxy.mute();
  await beside.query("commit");
  while ((await nodes[0].messages.after("attic", 0, 10)).length === 0);
  proxy.cut();
  expect(await sent).toEqual(["DatabaseAway", "DatabaseAway", "DatabaseAway"]);
  expect(await outcomes([...ids, "d"].map((id) => send(node, { id })))).toEqual([
    "repeated 1",
    "repeated 2",
    "repeated 3",
    4,
  ]);
  await node.close();
  await proxy.close();
});

test("N1: the function of the database decides as the judge does", async () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const one = <T>(of: readonly T[]): T => of[random(of.length)] as T;
  const counts = { stored: 0, refused: 0 };
  for (let round = 0; round < 40; round += 1) {
    const group = Array.from({ length: 12 }, (_, n) => ({
      room: n === 0 ? "lobby" : `~r${round}-${n}`,
      author: `u${round}-${n}`,
      n,
    }));
    const quota = 500;
    const expected: string[] = [];
    for (const { room, author, n } of group) {
      const stored = one([0, quota - MESSAGE_ROW_BYTES - 5, quota - MESSAGE_ROW_BYTES - 4, quota]);
      await beside.query(
        "insert into users (id, email, name, password_hash, role, created_at, stored_bytes) values ($1, $1, $1, 'x', 'user', 1, $2)",
        [author, random(4) ? 0 : stored],
      );
      await nodes[0].sessions.create(newSession(`s-${author}`, author));
      if (n > 0 && random(10))
        await beside.query(
          "insert into rooms (name, epoch, seq, created_at, kind, members, closed_at) values ($1, 'e', 0, 1, $2, $3, $4)",
          [room, one(["public", "private", "direct"]), one([0, 1, 2, 3]), random(8) ? null : 1],
        );
      if (random(8))
        await beside.query(
          `insert into members (room, user_id, role, state, since, joined_at, muted_until)
            select name, $2, $3, $4, 0, 1, $5 from rooms where name = $1`,
          [
            room,
            author,
            one(["owner", "moderator", "member"]),
            one(["in", "in", "in", "invited", "out", "banned"]),
            one([null, null, 0, NOW - 1, NOW, NOW + 1]),
          ],
        );
      const standing = await nodes[0].rooms.findStanding(room, author);
      const { rows } = await beside.query("select stored_bytes from users where id = $1", [author]);
      try {
        judged(quota)(standing, Number(rows[0]?.stored_bytes) + messageBytes("text"));
        expected.push("stored");
        counts.stored += 1;
      } catch (error) {
        expected.push(publicError(error).code);
        counts.refused += 1;
      }
    }
    const sent = group.map(({ room, author }) => send(nodes[0], { room, author, id: "c", text: "text", quota }));
    const got = await outcomes(sent);
    expect(got.map((outcome) => (typeof outcome === "number" ? "stored" : outcome))).toEqual(expected);
  }
  expect(counts.stored).toBeGreaterThan(100);
  expect(counts.refused).toBeGreaterThan(100);
});
