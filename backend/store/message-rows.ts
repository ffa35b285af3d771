import type { Kysely } from "kysely";
import type { Message } from "../domain/message.ts";
import type { Schema } from "./schema.ts";

/** Messages with what they need of their rooms and authors. */
export const messages = (db: Kysely<Schema>) =>
  db
    .selectFrom("messages")
    .innerJoin("rooms", "rooms.name", "messages.room")
    .innerJoin("users", "users.id", "messages.author_id")
    .select(["messages.room", "messages.seq", "messages.client_id", "messages.text", "messages.at"])
    .select(["messages.mentions", "messages.revision", "messages.edited_at", "messages.deleted_at"])
    .select(["rooms.epoch", "users.id as author_id", "users.name as author_name"]);

/** A row of `messages`. */
export interface MessageRow {
  room: string;
  seq: number;
  epoch: string;
  author_id: string;
  author_name: string;
  client_id: string;
  text: string;
  at: number;
  mentions: string | null;
  revision: number | null;
  edited_at: number | null;
  deleted_at: number | null;
}

export function message(row: MessageRow): Message {
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

/** Mentions as they are stored. */
export const asText = (mentions: readonly string[]): string | null =>
  mentions.length > 0 ? JSON.stringify(mentions) : null;
