import { randomBytes } from "node:crypto";
import type { Kysely, Transaction } from "kysely";
import type { Message } from "../domain/message.ts";
import type { Schema } from "./schema.ts";

/** A message on its way into the store. */
export interface NewMessage {
  readonly room: string;
  readonly authorId: string;
  readonly clientId: string;
  readonly text: string;
  readonly at: number;
}

export interface RoomPosition {
  readonly epoch: string;
  readonly seq: number;
}

export type MessageStore = ReturnType<typeof messageStore>;

/** Ends a transaction whose message was stored before, so that its number is given back. */
class AlreadyStored extends Error {}

export function messageStore(db: Kysely<Schema>) {
  const messages = (of: Kysely<Schema>) =>
    of
      .selectFrom("messages")
      .innerJoin("rooms", "rooms.name", "messages.room")
      .innerJoin("users", "users.id", "messages.author_id")
      .select(["messages.room", "messages.seq", "messages.client_id", "messages.text", "messages.at"])
      .select(["rooms.epoch", "users.id as author_id", "users.name as author_name"]);

  const sent = async (authorId: string, clientId: string): Promise<Message | undefined> => {
    const row = await messages(db)
      .where("messages.author_id", "=", authorId)
      .where("messages.client_id", "=", clientId)
      .executeTakeFirst();
    return row && message(row);
  };

  return {
    /**
     * Gives the message its number and stores it; when this returns, a killed process does not lose it. `repeated` when the author has
     * sent one with this client id before: then that one is answered and nothing is stored.
     */
    async append(draft: NewMessage): Promise<{ message: Message; repeated: boolean }> {
      try {
        const stored = await db.transaction().execute((transaction) => store(transaction, draft));
        return { message: stored, repeated: false };
      } catch (error) {
        if (!(error instanceof AlreadyStored)) throw error;
        const earlier = await sent(draft.authorId, draft.clientId);
        if (!earlier) throw new Error("invariant: a message that is in the way can be read");
        return { message: earlier, repeated: true };
      }
    },

    /** Where the room stands; a room in which nobody has spoken yet is made on the way, so that it has an epoch to come back to. */
    async position(room: string, now: number): Promise<RoomPosition> {
      return (await positionOf(db, room)) ?? (await openRoom(db, room, now));
    },

    /** Messages after a position, oldest first. */
    async after(room: string, seq: number, limit: number): Promise<readonly Message[]> {
      const query = messages(db).where("messages.room", "=", room).where("messages.seq", ">", seq);
      return (await query.orderBy("messages.seq").limit(limit).execute()).map(message);
    },

    /** The newest messages before a position (of all, without one), oldest first. */
    async before(room: string, seq: number | undefined, limit: number): Promise<readonly Message[]> {
      const all = messages(db).where("messages.room", "=", room);
      const query = seq === undefined ? all : all.where("messages.seq", "<", seq);
      return (await query.orderBy("messages.seq", "desc").limit(limit).execute()).map(message).reverse();
    },
  };
}

async function store(transaction: Transaction<Schema>, draft: NewMessage): Promise<Message> {
  const number = () =>
    transaction
      .updateTable("rooms")
      .set((row) => ({ seq: row("seq", "+", 1) }))
      .where("name", "=", draft.room)
      .returning(["seq", "epoch"])
      .executeTakeFirst();
  let position = await number();
  if (!position) {
    await openRoom(transaction, draft.room, draft.at);
    position = await number();
  }
  if (!position) throw new Error("invariant: a room that was just opened is there");
  const { room, authorId, clientId, text, at } = draft;
  const stored = await transaction
    .insertInto("messages")
    .values({ room, seq: position.seq, author_id: authorId, client_id: clientId, text, at })
    .onConflict((conflict) => conflict.columns(["author_id", "client_id"]).doNothing())
    .returning("seq")
    .executeTakeFirst();
  if (!stored) throw new AlreadyStored();
  const author = await transaction
    .selectFrom("users")
    .select("name")
    .where("id", "=", authorId)
    .executeTakeFirstOrThrow();
  return {
    room,
    seq: position.seq,
    epoch: position.epoch,
    author: { id: authorId, name: author.name },
    text,
    at,
    clientId,
  };
}

async function positionOf(db: Kysely<Schema>, room: string): Promise<RoomPosition | undefined> {
  return db.selectFrom("rooms").select(["epoch", "seq"]).where("name", "=", room).executeTakeFirst();
}

async function openRoom(db: Kysely<Schema>, name: string, now: number): Promise<RoomPosition> {
  await db
    .insertInto("rooms")
    .values({ name, epoch: randomBytes(9).toString("base64url"), seq: 0, created_at: now })
    .onConflict((conflict) => conflict.column("name").doNothing())
    .execute();
  const position = await positionOf(db, name);
  if (!position) throw new Error("invariant: a room that was just opened is there");
  return position;
}

interface MessageRow {
  room: string;
  seq: number;
  epoch: string;
  author_id: string;
  author_name: string;
  client_id: string;
  text: string;
  at: number;
}

function message(row: MessageRow): Message {
  return {
    room: row.room,
    seq: row.seq,
    epoch: row.epoch,
    author: { id: row.author_id, name: row.author_name },
    text: row.text,
    at: row.at,
    clientId: row.client_id,
  };
}
