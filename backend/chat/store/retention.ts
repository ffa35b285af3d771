import { setTimeout as delay } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import type { ChatTables } from "./tables.ts";
import { MESSAGE_ROW_BYTES, type Usage } from "./usage.ts";

/** Which messages are kept; older ones are removed. */
export interface Retention {
  /** Maximum age in milliseconds; no limit when undefined. */
  readonly maxAge: number | undefined;
  /** Maximum number of messages of a room; no limit when undefined. */
  readonly perRoom: number | undefined;
}

/**
 * Maximum number of messages that one transaction removes: more would delay users who write. To remove a message from a
 * large search index takes up to a millisecond.
 */
export const MESSAGES_PER_REMOVAL = 20;
/** Number of rooms that one query reads. */
const ROOMS_PER_QUERY = 100;
/** Milliseconds between two slices. */
export const REMOVAL_PAUSE_MS = 20;

/**
 * Removes the oldest messages of every room beyond the limits, a slice at a time. Their numbers are not used again.
 * `signal` ends it after the current slice.
 */
export async function pruneMessages(
  db: Kysely<ChatTables>,
  usage: Usage,
  { maxAge, perRoom }: Retention,
  now: number,
  signal: AbortSignal,
): Promise<void> {
  const before = maxAge === undefined ? -Infinity : now - maxAge;
  for (let after = ""; ; ) {
    const rooms = db
      .selectFrom("rooms")
      .select(["name", "seq"])
      .where("name", ">", after)
      .orderBy("name")
      .limit(ROOMS_PER_QUERY);
    const page = await rooms.execute();
    for (const { name, seq } of page) {
      const upTo = perRoom === undefined ? 0 : seq - perRoom;
      while (!signal.aborted && (await pruneSlice(db, usage, name, upTo, before))) await delay(REMOVAL_PAUSE_MS);
    }
    const last = page.at(-1);
    if (signal.aborted || !last) return;
    after = last.name;
  }
}

/** Removes a slice of messages up to a number, or from before a time. Returns false when no more are to be removed. */
async function pruneSlice(
  db: Kysely<ChatTables>,
  usage: Usage,
  room: string,
  upTo: number,
  before: number,
): Promise<boolean> {
  const messages = db.selectFrom("messages").select(["seq", "at"]).where("room", "=", room).orderBy("seq");
  const isExpired = ({ seq, at }: { seq: number; at: number }) => seq <= upTo || at < before;
  const oldest = await messages.limit(1).executeTakeFirst();
  if (!oldest || !isExpired(oldest)) return false;
  const slice = await messages.limit(MESSAGES_PER_REMOVAL).execute();
  const firstKept = slice.findIndex((message) => !isExpired(message));
  const last = slice.at(firstKept < 0 ? -1 : firstKept - 1) ?? oldest;
  await removeMessages(db, usage, room, last.seq);
  return firstKept < 0 && slice.length === MESSAGES_PER_REMOVAL;
}

/** Removes the messages of a room up to a number. */
export async function removeMessages(db: Kysely<ChatTables>, usage: Usage, room: string, upTo: number): Promise<void> {
  const removed = await db
    .deleteFrom("messages")
    .where("room", "=", room)
    .where("seq", "<=", upTo)
    .returning(["author_id", sql<number>`octet_length(text)`.as("bytes")])
    .execute();
  for (const { author_id, bytes } of removed) usage.add(author_id, -(bytes + MESSAGE_ROW_BYTES));
}
