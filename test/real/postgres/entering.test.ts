import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Kysely } from "kysely";
import pg from "pg";
import type { MembershipState } from "../../../backend/domain/membership.ts";
import { type Entry, entering } from "../../../backend/store/entering.ts";
import { enteringPostgres } from "../../../backend/store/entering-postgres.ts";
import { openStore, type Store } from "../../../backend/store/index.ts";
import { postgres } from "../../../backend/store/postgres.ts";
import type { Schema } from "../../../backend/store/schema.ts";
import { apart } from "../../../backend/store/transactions.ts";
import { type Cluster, startCluster } from "./cluster.ts";

let cluster: Cluster;
let store: Store;
let db: Kysely<Schema>;
beforeAll(async () => {
  cluster = await startCluster();
  const { url } = await cluster.database();
  store = await openStore({ dataDir: "", databaseUrl: url });
  db = new Kysely<Schema>({ dialect: await postgres(url) });
});
afterAll(async () => {
  await db.destroy();
  await store.close();
  await cluster.stop();
});

let rooms = 0;
const newId = () => `u${++rooms}`;
async function user(disabledAt: number | null = null): Promise<string> {
  const id = newId();
  const facts = { email: id, name: id, passwordHash: "", role: "user", createdAt: 1 } as const;
  await store.users.create({ id, ...facts, disabledAt: null });
  if (disabledAt !== null)
    await db.updateTable("users").set({ disabled_at: disabledAt }).where("id", "=", id).execute();
  return id;
}
async function room(): Promise<string> {
  const owner = await user();
  const key = `room${rooms}`;
  const members = [{ id: owner, role: "owner", peerId: null }] as const;
  await store.rooms.open({ key, kind: "public", title: null, openedBy: owner, at: 1 }, members);
  return key;
}

/** How a user stands in a room before they enter. */
async function stand(key: string, userId: string, state: MembershipState | "none"): Promise<void> {
  if (state === "none") return;
  const row = { role: "moderator", since: 1, joined_at: 1, ended_at: 7, muted_until: 9, peer_id: null } as const;
  await db
    .insertInto("members")
    .values({ room: key, user_id: userId, state, ...row })
    .execute();
  await db.insertInto("read_marks").values({ room: key, user_id: userId, epoch: "before", seq: 3 }).execute();
}

/** All that entering may change, without what is different for each room and user. */
async function left(key: string, userId: string) {
  const of = await db
    .selectFrom("rooms")
    .select(["members", "revision", "seq", "epoch"])
    .where("name", "=", key)
    .execute();
  const member = await db
    .selectFrom("members")
    .selectAll()
    .where("room", "=", key)
    .where("user_id", "=", userId)
    .execute();
  const mark = await db
    .selectFrom("read_marks")
    .selectAll()
    .where("room", "=", key)
    .where("user_id", "=", userId)
    .execute();
  const isOfRoom = mark[0]?.epoch === of[0]?.epoch;
  const plain = (rows: readonly object[]) => rows.map((row) => ({ ...row, room: "", user_id: "", epoch: "" }));
  return [plain(of), plain(member), plain(mark), isOfRoom];
}

const FROM: readonly Entry["from"][] = [["none"], ["invited"], ["out"], ["invited", "out", "none"]];
const STATES = ["none", "invited", "in", "out", "banned"] as const;
interface Case {
  readonly disabledAt?: number;
  readonly isClosed?: boolean;
  readonly limit: number;
  readonly most?: number;
}
const CASES: readonly Case[] = [
  { limit: 9 },
  { limit: 9, most: 5 },
  { limit: 9, most: 0 },
  { limit: 1 },
  { limit: 9, disabledAt: 5 },
  { limit: 9, isClosed: true },
];

test("N7: the function decides and changes as the five statements of a transaction do", async () => {
  const outcomes = new Map<string, number>();
  for (const { disabledAt, isClosed, ...limits } of CASES) {
    for (const from of FROM) {
      for (const state of STATES) {
        const both = [];
        for (const enter of [entering(db, apart(db)), enteringPostgres(db)]) {
          const key = await room();
          const userId = await user(disabledAt);
          await stand(key, userId, state);
          if (isClosed) await db.updateTable("rooms").set({ closed_at: 4 }).where("name", "=", key).execute();
          const outcome = await enter({ room: key, userId, at: 11, from, ...limits });
          both.push([outcome, await left(key, userId)]);
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        }
        expect({ from, state, limits, got: both[1] }).toEqual({ from, state, limits, got: both[0] });
      }
    }
  }
  expect([...outcomes.keys()].sort()).toEqual(["entered", "full", "refused", "too-many"]);
});

test("a room or a user that does not exist is entered by nobody", async () => {
  for (const enter of [entering(db, apart(db)), enteringPostgres(db)]) {
    expect(await enter({ room: "nowhere", userId: await user(), at: 1, from: ["none"], limit: 9 })).toBe("full");
    expect(await enter({ room: await room(), userId: "nobody", at: 1, from: ["none"], limit: 9 })).toBe("refused");
  }
});

test("many who enter at the same time do not exceed the room's limit, nor one user theirs", async () => {
  const key = await room();
  const users = await Promise.all(Array.from({ length: 12 }, () => user()));
  const entry = { at: 1, from: ["none"], limit: 6 } as const;
  const entered = await Promise.all(users.map((userId) => store.members.enter({ ...entry, room: key, userId })));
  expect(entered.filter((outcome) => outcome === "entered")).toHaveLength(5);
  expect((await store.rooms.standing(key, users[0] ?? ""))?.room).toMatchObject({ members: 6, revision: 5 });
  const userId = await user();
  const keys = [];
  for (let n = 0; n < 6; n += 1) keys.push(await room());
  const joined = await Promise.all(keys.map((one) => store.members.enter({ ...entry, room: one, userId, most: 2 })));
  expect(joined.filter((outcome) => outcome === "entered")).toHaveLength(2);
});

test("N7: the store lets a user in by one statement", async () => {
  const [key, userId] = [await room(), await user()];
  const { query } = pg.Client.prototype;
  let count = 0;
  pg.Client.prototype.query = function counting(this: pg.Client, ...given: never[]) {
    count += 1;
    return (query as (...all: never[]) => unknown).apply(this, given);
  } as never;
  try {
    await store.members.enter({ room: key, userId, at: 1, from: ["none"], limit: 9, most: 9 });
  } finally {
    pg.Client.prototype.query = query;
  }
  expect(count).toBe(1);
});
