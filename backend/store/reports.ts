import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { Outcome, Report } from "../domain/moderation.ts";
import { lockUser } from "./locks.ts";
import type { Schema } from "./schema.ts";

export type ReportStore = ReturnType<typeof reportStore>;

export function reportStore(db: Kysely<Schema>) {
  return {
    /**
     * Stores a report; a second one of the same message by the same user changes nothing. False when the reporter has
     * so many open reports already.
     */
    async add(report: Omit<Report, "id">, most = Number.POSITIVE_INFINITY): Promise<boolean> {
      const { at, reporterId, reason, room, seq, authorId, text } = report;
      const id = `${String(at).padStart(15, "0")}-${randomBytes(6).toString("hex")}`;
      return db.transaction().execute(async (transaction) => {
        await lockUser(transaction, reporterId);
        if ((await openBy(transaction, reporterId)) >= most) return false;
        await transaction
          .insertInto("reports")
          .values({
            ...{ id, at, reporter_id: reporterId, reason, room, seq, author_id: authorId, text },
            ...{ settled_at: null, settled_by: null, outcome: null },
          })
          .onConflict((conflict) => conflict.columns(["reporter_id", "room", "seq"]).doNothing())
          .execute();
        return true;
      });
    },

    /** Those that nobody has settled, the oldest first, after one if it is named. */
    async open(limit: number, after?: string): Promise<readonly Report[]> {
      const all = db
        .selectFrom("reports")
        .select(["id", "at", "reporter_id as reporterId", "reason", "room", "seq", "author_id as authorId", "text"])
        .where("settled_at", "is", null);
      const query = after === undefined ? all : all.where("id", ">", after);
      return query.orderBy("id").limit(limit).execute();
    },

    /** What it was about; undefined when there is none, or somebody has settled it. */
    async settle(id: string, by: string, outcome: Outcome, at: number) {
      return db
        .updateTable("reports")
        .set({ settled_at: at, settled_by: by, outcome })
        .where("id", "=", id)
        .where("settled_at", "is", null)
        .returning(["room", "seq", "author_id as authorId"])
        .executeTakeFirst();
    },

    /** Drops those that were settled before a time, and with them the copies of messages. */
    async prune(before: number): Promise<void> {
      await db.deleteFrom("reports").where("settled_at", "<", before).execute();
    },
  };
}

/** Reports of a user that nobody has settled. */
async function openBy(db: Kysely<Schema>, reporterId: string): Promise<number> {
  const { count } = await db
    .selectFrom("reports")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("reporter_id", "=", reporterId)
    .where("settled_at", "is", null)
    .executeTakeFirstOrThrow();
  return count;
}
