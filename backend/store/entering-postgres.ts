import { CompiledQuery, type Kysely } from "kysely";
import { type Enter, type Entered, type Entry, type EntryOutcome, newRoomKeys } from "./entering.ts";
import { inGroups } from "./groups.ts";
import { DatabaseAway } from "./outage.ts";
import { named } from "./prepared.ts";
import type { Schema } from "./schema.ts";
import { type SeatRow, standingIn } from "./standing.ts";

/** Entries of a group: what comes after them does not wait long. */
const MOST_ENTRIES = 100;
/** Groups of a node that run at the same time: more than one only where one has to wait for a user or a room. */
const MOST_GROUPS = 4;
/** Milliseconds. */
const PATIENCE = 25;
/** Entries that wait, and for how many milliseconds: as long as a query waits for a connection. */
const MOST_WAITING = 10_000;
const LONGEST_WAIT = 5000;

/** An entry that waits for its group. */
interface WaitingEntry {
  readonly entry: Entry;
  readonly resolve: (entered: Entered) => void;
  readonly reject: (reason: unknown) => void;
}

/** What the function returns for each entry; of one that was refused the room is null. */
type EntryRow = { readonly place: number; readonly outcome: EntryOutcome } & (SeatRow | { readonly name: null });

/**
 * Lets users into rooms of PostgreSQL, a group of them with one statement, which is its own transaction (migration 0012
 * has the function): a statement and a commit for each cost node and database several times as much.
 */
export function enteringPostgres(db: Kysely<Schema>): Enter {
  async function send(group: readonly WaitingEntry[]): Promise<void> {
    let rows: readonly EntryRow[];
    try {
      rows = (await db.executeQuery<EntryRow>({ ...ENTER, parameters: columns(group) })).rows;
    } catch (error) {
      return sendAgain(group, error);
    }
    if (rows.length !== group.length) throw new Error("invariant: the function returns a row for each entry");
    for (const row of rows) {
      const waiting = group[row.place - 1];
      if (!waiting) throw new Error("invariant: a row is about an entry of the group");
      waiting.resolve({ outcome: row.outcome, standing: row.name === null ? undefined : standingIn(row) });
    }
  }

  /** An entry that the database does not take fails alone: the group is sent again in halves. */
  async function sendAgain(group: readonly WaitingEntry[], error: unknown): Promise<void> {
    if (error instanceof DatabaseAway || group.length === 1) {
      for (const { reject } of group) reject(error);
      return;
    }
    const half = Math.ceil(group.length / 2);
    await send(group.slice(0, half));
    await send(group.slice(half));
  }

  const handIn = inGroups<WaitingEntry>({
    run: (group) =>
      send(group).catch((error: unknown) => {
        for (const { reject } of group) reject(error);
      }),
    line: ({ entry }) => entry.room,
    once: ({ entry }) => `${entry.userId} ${entry.room}`,
    bytes: () => 1,
    refuse: ({ reject }, reason) => reject(new DatabaseAway(new Error(`a user did not enter a room: ${reason}`))),
    mostItems: MOST_ENTRIES,
    mostBytes: MOST_ENTRIES,
    mostGroups: MOST_GROUPS,
    patience: PATIENCE,
    mostWaiting: MOST_WAITING,
    longestWait: LONGEST_WAIT,
  });

  return (entry) =>
    new Promise((resolve, reject) => {
      handIn({ entry, resolve, reject });
    });
}

const ENTER = named<EntryRow>(
  CompiledQuery.raw("select * from enter_rooms($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"),
);

/** The group as the function takes it. */
function columns(group: readonly WaitingEntry[]): unknown[] {
  const entries = group.map(({ entry }) => entry);
  const openings = entries.map(({ room, opening }) => opening && { ...opening, ...newRoomKeys(room) });
  return [
    entries.map(({ room }) => room),
    entries.map(({ userId }) => userId),
    entries.map(({ from }) => from.join()),
    entries.map(({ at }) => at),
    entries.map(({ limit }) => limit),
    entries.map(({ most }) => most ?? null),
    openings.map((opening) => opening?.epoch ?? null),
    openings.map((opening) => opening?.browseKey ?? null),
    openings.map((opening) => opening?.nameKey ?? null),
    openings.map((opening) => opening?.opened ?? null),
    openings.map((opening) => opening?.since ?? null),
    openings.map((opening) => opening?.owned ?? null),
  ];
}
