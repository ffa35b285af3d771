import { type Kysely, sql } from "kysely";
import type { ChatTables } from "./tables.ts";

/*
 * Counts the bytes of each user's messages, for the quota. All nodes share the sum `users.stored_bytes`, which the
 * query of sending reads anyway. Each node adds up its own changes in memory, and adds them to the row when they are
 * more than `WRITE_THRESHOLD_BYTES`, once a minute, and when it stops. So sending makes no additional query, and does
 * not write the user's row for each message.
 *
 * Other nodes do not know these changes. For each other node, a user can exceed the quota by `WRITE_THRESHOLD_BYTES`,
 * and by the messages that are sent there while they are written. A process that is killed loses them. Housekeeping
 * counts the messages of users near the quota again.
 */

/** Bytes that a message takes besides its text: its row, and the entries in two indexes. */
export const MESSAGE_ROW_BYTES = 200;
/** When the changes of a user exceed these bytes, they are written at once. */
const WRITE_THRESHOLD_BYTES = 64 * 1024;
/** Milliseconds between two writes of all changes. */
const WRITE_INTERVAL_MS = 60_000;
/** Maximum number of users whose changes one transaction writes. */
const USERS_PER_TRANSACTION = 100;
/** Maximum number of users whose messages a round of housekeeping counts again. */
const USERS_PER_RECOUNT = 20;

/** The bytes that count for a message with this text. */
export function messageBytes(text: string): number {
  return Buffer.byteLength(text) + MESSAGE_ROW_BYTES;
}

export type Usage = ReturnType<typeof createUsage>;

export function createUsage(db: Kysely<ChatTables>) {
  const pending = new Map<string, number>();
  /** Users whose changes are being written because they exceed the threshold. */
  const exceeding = new Set<string>();
  let writing: Promise<void> = Promise.resolve();

  const addPending = (userId: string, bytes: number): number => {
    const sum = (pending.get(userId) ?? 0) + bytes;
    if (sum === 0) pending.delete(userId);
    else pending.set(userId, sum);
    return sum;
  };

  /** Writes the changes of these users, one transaction after another. Changes that cannot be written are kept. */
  const write = (userIds: readonly string[]): Promise<void> => {
    writing = writing.then(async () => {
      for (let from = 0; from < userIds.length; from += USERS_PER_TRANSACTION)
        await writeSome(userIds.slice(from, from + USERS_PER_TRANSACTION).sort());
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
    for (const [id, bytes] of written) addPending(id, -bytes);
  };

  const timer = setInterval(() => void write([...pending.keys()]), WRITE_INTERVAL_MS);
  timer.unref();

  return {
    /** The changes of a user that are not in the row yet, in bytes; negative when messages were removed. */
    pending: (userId: string): number => pending.get(userId) ?? 0,

    /** Counts bytes that were added to a user's messages; negative when messages were removed. */
    add(userId: string, bytes: number): void {
      const sum = addPending(userId, bytes);
      if (Math.abs(sum) < WRITE_THRESHOLD_BYTES || exceeding.has(userId)) return;
      exceeding.add(userId);
      // a write that fails is tried again with the next message
      void write([userId]).finally(() => exceeding.delete(userId));
    },

    /** Counts the bytes of some users again, of those with the most bytes above `above`. */
    async recount(above: number): Promise<void> {
      await write([...pending.keys()]);
      const users = db.selectFrom("users").select("id").where("stored_bytes", ">", above);
      for (const { id } of await users.orderBy("stored_bytes", "desc").limit(USERS_PER_RECOUNT).execute()) {
        const sum = sql<number>`(select coalesce(sum(octet_length(text) + ${sql.lit(MESSAGE_ROW_BYTES)}), 0)
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
