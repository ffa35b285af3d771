import { setTimeout as delay } from "node:timers/promises";
import type { Kysely, Transaction } from "kysely";
import { isPostgres } from "../../../store/index.ts";
import type { ChatTables } from "../tables.ts";
import { addToIndex } from "./search-index.ts";

/*
 * The index is filled in the background, and not when a message is stored, which would delay its acknowledgement. A
 * search reads messages directly that are not in the index yet, so that it always finds all of them. Rooms with few
 * messages outside of the index are skipped: most rooms never have a message in it.
 */

/** Number of messages outside of the index from which on a room's messages are added. */
const MIN_UNINDEXED_MESSAGES = 500;
/** Maximum number of messages, and of their characters, that one transaction adds: more would delay users who write. */
const SLICE_MESSAGES = 100;
const SLICE_CHARACTERS = 32 * 1024;
/** Milliseconds between two slices. */
const SLICE_PAUSE_MS = 100;
/** Number of rooms that one query reads. */
const ROOMS_PER_QUERY = 100;

/** How the index is filled. */
export interface FillOptions {
  /** Ends the work after the current slice. */
  readonly signal: AbortSignal;
  /** Waits between two slices; `SLICE_PAUSE_MS` when left out. */
  readonly pause?: () => Promise<void>;
}

/** Goes once through all rooms, and adds messages to the index where many are outside of it. */
export async function fillIndex(db: Kysely<ChatTables>, options: FillOptions): Promise<void> {
  const { signal, pause = () => wait(SLICE_PAUSE_MS, signal) } = options;
  for (let after = ""; ; ) {
    const page = await db
      .selectFrom("rooms")
      .leftJoin("search_positions", "search_positions.room", "rooms.name")
      .select(["rooms.name", "rooms.seq", "search_positions.seq as filled"])
      .where("rooms.name", ">", after)
      .orderBy("rooms.name")
      .limit(ROOMS_PER_QUERY)
      .execute();
    for (const { name, seq, filled } of page) {
      if (seq - (filled ?? 0) < MIN_UNINDEXED_MESSAGES) continue;
      while (!signal.aborted && (await addSlice(db, name))) await pause();
    }
    const last = page.at(-1);
    if (signal.aborted || !last) return;
    after = last.name;
  }
}

/** Adds the next messages of a room. Returns false when none is left, or another node adds them now. */
function addSlice(db: Kysely<ChatTables>, room: string): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    const position = await lockPosition(transaction, room);
    if (!position) return false;
    const next = await transaction
      .selectFrom("messages")
      .select(["seq", "text"])
      .where("room", "=", room)
      .where("seq", ">", position.seq)
      .orderBy("seq")
      .limit(SLICE_MESSAGES)
      // an edit waits, and then finds the message in the index
      .$if(isPostgres(db), (query) => query.forShare())
      .execute();
    const slice = withinLimit(next);
    const last = slice.at(-1);
    if (!last) return false;
    await addToIndex(transaction, position.number, slice);
    await transaction.updateTable("search_positions").set({ seq: last.seq }).where("room", "=", room).execute();
    return true;
  });
}

/** Locks the position of a room that exists. Undefined when the room does not, or another node has the lock. */
async function lockPosition(transaction: Transaction<ChatTables>, room: string) {
  const found = await transaction.selectFrom("rooms").select("seq").where("name", "=", room).executeTakeFirst();
  if (!found) return undefined;
  await transaction
    .insertInto("search_positions")
    .values({ room, seq: 0 })
    .onConflict((conflict) => conflict.column("room").doNothing())
    .execute();
  return transaction
    .selectFrom("search_positions")
    .select(["number", "seq"])
    .where("room", "=", room)
    .$if(isPostgres(transaction), (query) => query.forUpdate().skipLocked())
    .executeTakeFirst();
}

/** The first messages that fit into a slice, at least one. */
function withinLimit<T extends { readonly text: string }>(messages: readonly T[]): readonly T[] {
  let characters = 0;
  const over = messages.findIndex(({ text }) => {
    characters += text.length;
    return characters > SLICE_CHARACTERS;
  });
  return over < 0 ? messages : messages.slice(0, Math.max(1, over));
}

async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
}
