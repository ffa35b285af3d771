import { type Kysely, sql } from "kysely";
import type { ChatTables } from "./tables.ts";

/*
 * How many bytes each user's messages take, for the quota. `users.stored_bytes` is the sum that all nodes share; it is
 * read by the query that sending a message makes anyway. What has changed since is added up here, in memory, and
 * written to the row once it is worth a write (`BATCH` bytes), every minute, and at the end: sending makes no
 * additional query, and the user's row is not written for each message. So a user can pass the quota by `BATCH` bytes
 * for each other node, and by what is sent there while one write is under way; a killed process loses that much of the
 * sum. Housekeeping counts users near the quota again.
 */

/** Bytes that a message takes besides its text: its row, and the entries in two indexes. */
export const ROW_BYTES = 200;
/** Bytes of change of one user that are written at once. */
const BATCH = 64 * 1024;
/** Milliseconds between two writes of all changes. */
const ROUND = 60_000;
/** Users in one transaction, and users that a round of housekeeping counts again. */
const USERS = 100;
const RECOUNTED = 20;

/** Bytes that a message with this text counts. */
export function messageBytes(text: string): number {
  return Buffer.byteLength(text) + ROW_BYTES;
}

export type Usage = ReturnType<typeof createUsage>;

export function createUsage(db: Kysely<ChatTables>) {
  const pending = new Map<string, number>();
  /** Users whose sum has become worth a write and is not written yet. */
  const due = new Set<string>();
  let writing: Promise<void> = Promise.resolve();

  const change = (userId: string, bytes: number): number => {
    const sum = (pending.get(userId) ?? 0) + bytes;
    if (sum === 0) pending.delete(userId);
    else pending.set(userId, sum);
    return sum;
  };

  /** Writes the changes of these users, one transaction after another; what cannot be written is kept. */
  const write = (userIds: readonly string[]): Promise<void> => {
    writing = writing.then(async () => {
      for (let from = 0; from < userIds.length; from += USERS)
        await writeSome(userIds.slice(from, from + USERS).sort());
    });
    return writing.catch(() => undefined);
  };

  const writeSome = async (userIds: readonly string[]): Promise<void> => {
    const written = userIds.map((id) => [id, pending.get(id) ?? 0] as const).filter(([, bytes]) => bytes !== 0);
    if (written.length === 0) return;
    try {
      await db.transaction().execute(async (transaction) => {
        for (const [id, bytes] of written) {
          const sum = sql<number>`case when stored_bytes + ${bytes} > 0 then stored_bytes + ${bytes} else 0 end`;
          await transaction.updateTable("users").set({ stored_bytes: sum }).where("id", "=", id).execute();
        }
      });
    } catch {
      return; // tried again with the next round
    }
    for (const [id, bytes] of written) change(id, -bytes);
  };

  const timer = setInterval(() => void write([...pending.keys()]), ROUND);
  timer.unref();

  return {
    /** Bytes of a user that the row does not have yet; negative when messages were removed. */
    pending: (userId: string): number => pending.get(userId) ?? 0,

    /** Adds bytes to what a user's messages take, or takes some off. */
    add(userId: string, bytes: number): void {
      const sum = change(userId, bytes);
      if (Math.abs(sum) < BATCH || due.has(userId)) return;
      due.add(userId);
      // a write that fails is tried again with the next message
      void write([userId]).finally(() => due.delete(userId));
    },

    /** Counts the messages of users again who have more than so many bytes, of a few at a time. */
    async recount(above: number): Promise<void> {
      await write([...pending.keys()]);
      const users = db.selectFrom("users").select("id").where("stored_bytes", ">", above);
      for (const { id } of await users.orderBy("stored_bytes", "desc").limit(RECOUNTED).execute()) {
        const sum = sql<number>`(select coalesce(sum(octet_length(text) + ${sql.lit(ROW_BYTES)}), 0)
          from messages where messages.author_id = users.id)`;
        await db.updateTable("users").set({ stored_bytes: sum }).where("id", "=", id).execute();
      }
    },

    /** Writes everything and stops. */
    async close(): Promise<void> {
      clearInterval(timer);
      await write([...pending.keys()]);
    },
  };
}
