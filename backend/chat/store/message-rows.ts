import type { Kysely } from "kysely";
import type { Message } from "../message.ts";
import type { ChatTables, MessagesTable } from "./tables.ts";

/** Selects messages with their room's epoch and their author's name. */
export const selectMessages = (db: Kysely<ChatTables>) =>
  db
    .selectFrom("messages")
    .innerJoin("rooms", "rooms.name", "messages.room")
    .innerJoin("users", "users.id", "messages.author_id")
    .select(["messages.room", "messages.seq", "messages.client_id", "messages.text", "messages.at"])
    .select(["messages.mentions", "messages.revision", "messages.edited_at", "messages.deleted_at"])
    .select(["rooms.epoch", "users.id as author_id", "users.name as author_name"]);

/** Selects the message that an author has sent with a client id. */
export const selectMessageSentAs = (
  db: Kysely<ChatTables>,
  { authorId, clientId }: { readonly authorId: string; readonly clientId: string },
) => selectMessages(db).where("messages.author_id", "=", authorId).where("messages.client_id", "=", clientId);

/** A row of `selectMessages`. */
export interface MessageRow extends MessagesTable {
  epoch: string;
  author_name: string;
}

export function toMessage(row: MessageRow): Message {
  return {
    room: row.room,
    seq: row.seq,
    epoch: row.epoch,
    author: { id: row.author_id, name: row.author_name },
    text: row.text,
    at: row.at,
    clientId: row.client_id,
    ...(row.mentions === null ? {} : { mentions: JSON.parse(row.mentions) as string[] }),
    ...(row.revision === null ? {} : { revision: row.revision }),
    ...(row.edited_at === null ? {} : { editedAt: row.edited_at }),
    ...(row.deleted_at === null ? {} : { deletedAt: row.deleted_at }),
  };
}

/** Mentions as they are stored: JSON, or null for none. */
export const mentionsToText = (mentions: readonly string[]): string | null =>
  mentions.length > 0 ? JSON.stringify(mentions) : null;
