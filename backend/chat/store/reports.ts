import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { LockUser } from "../../users/index.ts";
import type { Message } from "../message.ts";
import type { Report, ReportOutcome } from "../moderation.ts";
import { countStoredBytes, removeMessage } from "./messages.ts";
import type { ChatTables } from "./tables.ts";
import type { Usage } from "./usage.ts";

/** A report that was settled, and the message that it was about. */
export interface SettledReport {
  readonly room: string;
  readonly seq: number;
  readonly authorId: string;
  /** The message after its deletion; undefined where it stays, or was deleted before. */
  readonly removed: Message | undefined;
}

export function reportStore(db: Kysely<ChatTables>, usage: Usage, lockUser: LockUser) {
  return {
    /**
     * Stores a report. A second one of the same message by the same user changes nothing. Returns false when the
     * reporter has too many open reports.
     */
    async add(report: Omit<Report, "id">, maxOpen = Number.POSITIVE_INFINITY): Promise<boolean> {
      const { at, reporterId, reason, room, seq, authorId, text } = report;
      const id = `${String(at).padStart(15, "0")}-${randomBytes(6).toString("hex")}`;
      return db.transaction().execute(async (transaction) => {
        await lockUser(transaction, reporterId);
        if ((await countOpen(transaction, reporterId)) >= maxOpen) return false;
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

    /**
     * A page of the reports that are not settled, the oldest first. `after` is the id of the page before's last one.
     */
    async listOpen(limit: number, after?: string): Promise<readonly Report[]> {
      const all = db
        .selectFrom("reports")
        .select(["id", "at", "reporter_id as reporterId", "reason", "room", "seq", "author_id as authorId", "text"])
        .where("settled_at", "is", null);
      const query = after === undefined ? all : all.where("id", ">", after);
      return query.orderBy("id").limit(limit).execute();
    },

    /**
     * Settles a report, and removes the message where the outcome is `removed`, in one transaction. Undefined when
     * there is no such report, or it is settled already.
     */
    async settle(id: string, by: string, outcome: ReportOutcome, at: number): Promise<SettledReport | undefined> {
      const settled = await db.transaction().execute(async (transaction) => {
        const report = await transaction
          .updateTable("reports")
          .set({ settled_at: at, settled_by: by, outcome })
          .where("id", "=", id)
          .where("settled_at", "is", null)
          .returning(["room", "seq", "author_id as authorId"])
          .executeTakeFirst();
        if (!report || outcome !== "removed") return { report };
        return { report, change: await removeMessage(transaction, report.room, report.seq, at) };
      });
      if (settled.change) countStoredBytes(usage, settled.change);
      return settled.report && { ...settled.report, removed: settled.change?.after };
    },

    /** Deletes reports that were settled before a time, and with them their copies of messages. */
    async prune(before: number): Promise<void> {
      await db.deleteFrom("reports").where("settled_at", "<", before).execute();
    },
  };
}

/** Number of a user's reports that are not settled. */
async function countOpen(db: Kysely<ChatTables>, reporterId: string): Promise<number> {
  const { count } = await db
    .selectFrom("reports")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("reporter_id", "=", reporterId)
    .where("settled_at", "is", null)
    .executeTakeFirstOrThrow();
  return count;
}
