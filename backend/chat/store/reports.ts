import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { inOwnTransaction, Undo, undoable } from "../../store/index.ts";
import type { LockUser } from "../../users/index.ts";
import type { Message } from "../message.ts";
import type { Report, ReportOutcome } from "../moderation.ts";
import { countStoredBytes, type MessageChange, removeMessage } from "./messages.ts";
import { type Actor, mayAct } from "./standing.ts";
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

interface Settled {
  readonly report: Omit<SettledReport, "removed">;
  readonly change: MessageChange | undefined;
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
     * there is no such report, it is settled already, or the moderator may not act any more.
     */
    async settle(id: string, by: Actor, outcome: ReportOutcome, at: number): Promise<SettledReport | undefined> {
      const settled = await undoable(inOwnTransaction(db), async (transaction): Promise<Settled | undefined> => {
        const report = await transaction
          .updateTable("reports")
          .set({ settled_at: at, settled_by: by.id, outcome })
          .where("id", "=", id)
          .where("settled_at", "is", null)
          .returning(["room", "seq", "author_id as authorId"])
          .executeTakeFirst();
        if (!report) return undefined;
        const change =
          outcome === "removed" ? await removeMessage(transaction, report.room, report.seq, at) : undefined;
        // last, because the transaction may have waited for the room
        if (!(await mayAct(transaction, by))) throw new Undo(undefined);
        return { report, change };
      });
      if (settled?.change) countStoredBytes(usage, settled.change);
      return settled && { ...settled.report, removed: settled.change?.after };
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
