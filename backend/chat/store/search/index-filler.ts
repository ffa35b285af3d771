import { setTimeout as delay } from "node:timers/promises";
import type { Kysely, Transaction } from "kysely";
import { isPostgres } from "../../../store/index.ts";
import type { ChatTables } from "../tables.ts";
import { addToIndex } from "./search-index.ts";

/*
 * The index is filled in the background and not when a message is stored: that would cost each message a share of its
 * acknowledgement. Until then a search reads the messages directly, so that it finds all of them at any time. Rooms
 * with few messages outside of the index are left as they are; most rooms never get one.
 */

/** Messages of a room that may be outside of the index. */
const MAX_UNINDEXED = 500;
/** Messages, and characters, that are added in one transaction; more would hold up users who write. */
const SLICE_MESSAGES = 100;
const SLICE_CHARACTERS = 32 * 1024;
/** Milliseconds between two slices. */
const SLICE_PAUSE_MS = 100;
/** Rooms that are read at once. */
const ROOMS = 100;

/** How the index is filled. */
export interface FillOptions {
  /** Ends the work after the slice that is under way. */
  readonly signal: AbortSignal;
  /** Waits between two slices; `SLICE_PAUSE_MS` when left out. */
  readonly pause?: () => Promise<void>;
}

/** Looks once at all rooms, and adds the messages that are outside of the index where there are many. */
export async function fillIndex(db: Kysely<ChatTables>, options: FillOptions): Promise<void> {
  const { signal, pause = () => wait(SLICE_PAUSE_MS, signal) } = options;
  for (let after = ""; ; ) {
    const page = await db
      .selectFrom("rooms")
      .leftJoin("search_positions", "search_positions.room", "rooms.name")
      .select(["rooms.name", "rooms.seq", "search_positions.seq as filled"])
      .where("rooms.name", ">", after)
      .orderBy("rooms.name")
      .limit(ROOMS)
      .execute();
    for (const { name, seq, filled } of page) {
      if (seq - (filled ?? 0) < MAX_UNINDEXED) continue;
      while (!signal.aborted && (await fillSlice(db, name))) await pause();
    }
    const last = page.at(-1);
    if (signal.aborted || !last) return;
    after = last.name;
  }
}

/** Adds the next messages of a room. False when none is left, or when another node is adding some. */
function fillSlice(db: Kysely<ChatTables>, room: string): Promise<boolean> {
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

/** The first messages, at least one, that have no more characters than a slice may. */
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
