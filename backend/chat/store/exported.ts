import type { Kysely } from "kysely";
import type { ChatTables } from "./tables.ts";

/** A message as its author gets it. Times in milliseconds since 1970. */
export interface ExportedMessage {
  readonly room: string;
  readonly seq: number;
  readonly clientId: string;
  readonly text: string;
  readonly at: number;
  readonly editedAt: number | null;
}

/** A report as its author gets it. */
export interface ExportedReport {
  readonly room: string;
  readonly seq: number;
  readonly reason: string;
  readonly at: number;
}

/** What a user has written, for the user's own export. */
export function exportedStore(db: Kysely<ChatTables>) {
  return {
    /** Messages that were not deleted, after one of the author's client ids: in the order of the index by author. */
    async messagesBy(authorId: string, after: string, limit: number): Promise<readonly ExportedMessage[]> {
      const query = db
        .selectFrom("messages")
        .select(["room", "seq", "client_id as clientId", "text", "at", "edited_at as editedAt"])
        .where("author_id", "=", authorId)
        .where("client_id", ">", after)
        .where("deleted_at", "is", null)
        .orderBy("client_id")
        .limit(limit);
      return query.execute();
    },

    /** Reports after that of a message. */
    async reportsBy(
      reporterId: string,
      [room, seq]: readonly [room: string, seq: number],
      limit: number,
    ): Promise<readonly ExportedReport[]> {
      const query = db
        .selectFrom("reports")
        .select(["room", "seq", "reason", "at"])
        .where("reporter_id", "=", reporterId)
        .where((row) => row.or([row("room", ">", room), row.and([row("room", "=", room), row("seq", ">", seq)])]))
        .orderBy("room")
        .orderBy("seq")
        .limit(limit);
      return query.execute();
    },
  };
}
