import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import type { AuditRecord } from "./audit.ts";
import type { AuditTable, UsersTables } from "./tables.ts";

export function auditStore(db: Kysely<UsersTables>) {
  let last = { at: 0, count: 0 };
  return {
    async record(entry: Omit<AuditRecord, "id">): Promise<void> {
      const { at, action, actorId, subjectId, address, detail } = entry;
      last = { at, count: last.at === at ? last.count + 1 : 0 };
      // text that sorts as time does: the millisecond, the order within it on this node, and random bits for other
      // nodes
      const order = String(last.count).padStart(6, "0");
      const id = `${String(at).padStart(15, "0")}-${order}-${randomBytes(6).toString("hex")}`;
      await db
        .insertInto("audit")
        .values({ id, at, action, actor_id: actorId, subject_id: subjectId, address, detail })
        .execute();
    },

    /** The newest before a record (of all, without one), newest first. */
    async list(limit: number, before?: string): Promise<readonly AuditRecord[]> {
      const all = db.selectFrom("audit").selectAll();
      const query = before === undefined ? all : all.where("id", "<", before);
      return (await query.orderBy("id", "desc").limit(limit).execute()).map(toAuditRecord);
    },

    /** Drops what is older than a time. */
    async prune(before: number): Promise<void> {
      await db.deleteFrom("audit").where("id", "<", String(before).padStart(15, "0")).execute();
    },
  };
}

function toAuditRecord(row: AuditTable): AuditRecord {
  return {
    id: row.id,
    at: row.at,
    action: row.action,
    actorId: row.actor_id,
    subjectId: row.subject_id,
    address: row.address,
    detail: row.detail,
  };
}
