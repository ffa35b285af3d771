import { createHmac, randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { type Kysely, sql, type Transaction } from "kysely";
import type { ThrottleState, ThrottleStates, Throttles } from "../throttle/throttle.ts";
import { createTurns, type SavedTurns } from "../throttle/turns.ts";
import type { KeyStore } from "./keys.ts";
import { DatabaseAway } from "./outage.ts";
import { prepared } from "./prepared.ts";
import type { StoreTables } from "./tables.ts";

/*
 * The memory of throttles that all nodes of one PostgreSQL share. A change locks the rows of its keys in the order of
 * the keys, reads them, decides, and writes them, in one transaction. A node has one such transaction at a time, with
 * all changes that wait, so that a flood of tries takes no more than one connection of each node.
 */

/** Maximum number of changes in one transaction. */
const MAX_CHANGES = 100;
/** Maximum number of changes that wait: with more, users would wait too long. */
const MAX_WAITING = 1000;
/** Milliseconds between two transactions while changes wait, so that more of them share the next one. */
const PAUSE_MS = 5;
/** Maximum number of rows. More are removed, those with the fewest failures first, of these the oldest first. */
const MAX_ROWS = 300_000;
/** Maximum number of rows that one statement removes. */
const MAX_REMOVED = 50_000;
/** Length of a key in characters: 96 bits of a keyed hash. */
const KEY_CHARACTERS = 16;

/** A change that waits for the next transaction. */
interface ThrottleChange {
  readonly keys: readonly string[];
  run(states: ThrottleStates): void;
  settle(): void;
  fail(error: unknown): void;
}

interface ThrottleRow {
  readonly key: string;
  readonly count: number;
  readonly until: number;
  readonly at: number;
  readonly expires_at: number;
  readonly turns: string | null;
}

/**
 * Opens the shared memory. Keys are hashed with a key of the database's own, so that the table and what is copied from
 * it show neither accounts nor addresses.
 */
export async function sharedThrottles(db: Kysely<StoreTables>, keys: KeyStore, now: number): Promise<Throttles> {
  const [stored] = await keys.ensure("throttle", () => randomBytes(32).toString("base64url"), now);
  if (!stored) throw new Error("invariant: a key that was made is there");
  const secret = Buffer.from(stored.material, "base64url");
  const changeAll = changeRunner(db);
  const waiting: ThrottleChange[] = [];
  let isRunning = false;

  async function runWaiting(): Promise<void> {
    isRunning = true;
    while (waiting.length > 0) {
      const changes = waiting.splice(0, MAX_CHANGES);
      try {
        await db.transaction().execute((transaction) => changeAll(transaction, changes));
        for (const change of changes) change.settle();
      } catch (error) {
        // changes that wait would fail too
        const others = error instanceof DatabaseAway ? waiting.splice(0) : [];
        for (const change of [...changes, ...others]) change.fail(error);
      }
      if (waiting.length > 0) await delay(PAUSE_MS);
    }
    isRunning = false;
  }

  return {
    isShared: true,

    keyOf(kind, ...parts) {
      const name = JSON.stringify([kind, ...parts]);
      return createHmac("sha256", secret).update(name).digest("base64url").slice(0, KEY_CHARACTERS);
    },

    change<T>(keys: readonly string[], decide: (states: ThrottleStates) => T): Promise<T> {
      return new Promise((resolve, reject) => {
        if (waiting.length >= MAX_WAITING) return reject(new DatabaseAway(new Error("too many tries wait for it")));
        let settle = (): void => reject(new Error("invariant: a change is settled after it has run"));
        waiting.push({
          keys,
          run(states) {
            try {
              const result = decide(states);
              settle = () => resolve(result);
            } catch (error) {
              settle = () => reject(error);
            }
          },
          settle: () => settle(),
          fail: reject,
        });
        if (!isRunning) void runWaiting();
      });
    },

    async prune(now) {
      await sql`delete from throttles where key in (
        select key from throttles where expires_at < ${now} limit ${MAX_REMOVED} for update skip locked)`.execute(db);
      const counted = sql<{ rows: number }>`select count(*) as rows from throttles`;
      const excess = ((await counted.execute(db)).rows[0]?.rows ?? 0) - MAX_ROWS;
      if (excess <= 0) return;
      await sql`delete from throttles where key in (
        select key from throttles order by count, expires_at limit ${Math.min(excess, MAX_REMOVED)}
        for update skip locked)`.execute(db);
    },
  };
}

/** Makes a function that runs changes one after another, in a transaction in which it first locks all of their rows. */
function changeRunner(
  db: Kysely<StoreTables>,
): (transaction: Transaction<StoreTables>, changes: readonly ThrottleChange[]) => Promise<void> {
  // inserts missing rows, since only a row can be locked: two nodes must not both find none
  const lock = prepared<StoreTables, { keys: readonly string[] }, ThrottleRow>(db, (query, { keys }) => ({
    compile: () =>
      sql<ThrottleRow>`insert into throttles (key) select key from unnest(${keys}::text[]) as given (key)
        on conflict (key) do update set count = throttles.count
        returning key, count, until, at, expires_at, turns`.compile(query),
  }));
  // the rows exist. An insert always uses the index; an update could read the whole table, when it was planned for a
  // small one
  const write = prepared<StoreTables, Columns, never>(db, (query, { keys, counts, untils, ats, expiries, turns }) => ({
    compile: () =>
      sql<never>`insert into throttles (key, count, until, at, expires_at, turns)
        select * from unnest(${keys}::text[], ${counts}::bigint[], ${untils}::bigint[], ${ats}::bigint[],
          ${expiries}::bigint[], ${turns}::text[])
        on conflict (key) do update set count = excluded.count, until = excluded.until, at = excluded.at,
          expires_at = excluded.expires_at, turns = excluded.turns`.compile(query),
  }));

  return async (transaction, changes) => {
    const keys = [...new Set(changes.flatMap((change) => change.keys))].sort();
    const states = new Map<string, ThrottleState>();
    for (const row of await lock(transaction, { keys })) if (row.expires_at > 0) states.set(row.key, stateOf(row));
    const changed = new Set<string>();
    const access: ThrottleStates = {
      get: (key) => states.get(key),
      set(key, state) {
        changed.add(key);
        if (state) states.set(key, state);
        else states.delete(key);
      },
    };
    for (const change of changes) change.run(access);
    if (changed.size > 0) await write(transaction, columnsOf([...changed], states));
  };
}

interface Columns {
  readonly keys: readonly string[];
  readonly counts: readonly number[];
  readonly untils: readonly number[];
  readonly ats: readonly number[];
  readonly expiries: readonly number[];
  readonly turns: readonly (string | null)[];
}

/** A key without a state becomes a row that has expired. */
function columnsOf(keys: readonly string[], states: ReadonlyMap<string, ThrottleState>): Columns {
  const given = keys.map((key) => states.get(key));
  return {
    keys,
    counts: given.map((state) => state?.count ?? 0),
    untils: given.map((state) => Math.ceil(state?.until ?? 0)),
    ats: given.map((state) => Math.ceil(state?.at ?? 0)),
    expiries: given.map((state) => Math.ceil(state?.expiresAt ?? 0)),
    turns: given.map((state) => (state?.turns ? JSON.stringify(state.turns) : null)),
  };
}

function stateOf({ count, until, at, expires_at: expiresAt, turns }: ThrottleRow): ThrottleState {
  const state = { count, until, at, expiresAt };
  return turns === null ? state : { ...state, turns: createTurns(JSON.parse(turns) as SavedTurns) };
}
