import { type Kysely, sql, type Transaction } from "kysely";
import { prepared } from "../../store/index.ts";
import type { Standing } from "../membership.ts";
import type { Message } from "../message.ts";
import type { Appender } from "./append/index.ts";
import { type MessageRow, mentionsToText, selectMessages, toMessage } from "./message-rows.ts";
import { pruneMessages, type Retention } from "./retention.ts";
import { lockRoom } from "./room-lock.ts";
import { updateIndex } from "./search/search-index.ts";
import { type Actor, findAuthor } from "./standing.ts";
import type { ChatTables } from "./tables.ts";
import { messageBytes, type Usage } from "./usage.ts";

/** An edit or a deletion of a message. */
export type MessageEdit =
  | { readonly text: string; readonly mentions: readonly string[]; readonly editedAt: number }
  | { readonly deletedAt: number };

/** A range of numbers (`seq`) of a room's messages, or of revisions: those after `after`, up to `upTo`. */
export interface MessageRange {
  readonly room: string;
  readonly after: number;
  readonly upTo: number;
}

export function messageStore(db: Kysely<ChatTables>, { append }: Appender, usage: Usage) {
  const { after, before, changedSince } = pageQueries(db);
  return {
    append,

    async find(room: string, seq: number): Promise<Message | undefined> {
      const row = await findRow(db, room, seq);
      return row && toMessage(row);
    },

    /**
     * Edits or deletes a message for a user, as `decide` returns. An error of `decide` undoes the transaction.
     * `storedBytes` are the bytes of the user's messages before the change.
     */
    async change(
      room: string,
      seq: number,
      actor: Actor,
      decide: (standing: Standing | undefined, message: Message | undefined, storedBytes: number) => MessageEdit,
    ): Promise<Message> {
      const change = await db.transaction().execute((transaction) =>
        changeMessage(transaction, room, seq, async (original) => {
          const author = await findAuthor(transaction, room, actor);
          return decide(author?.standing, original, (author?.storedBytes ?? 0) + usage.pending(actor.id));
        }),
      );
      countStoredBytes(usage, change);
      return change.after;
    },

    /** Removes the oldest messages beyond the limits (`pruneMessages`). */
    prune: (retention: Retention, now: number, signal: AbortSignal): Promise<void> =>
      pruneMessages(db, usage, retention, now, signal),

    /** Counts the bytes of some users again, of those with the most bytes above `above`. */
    recount: (above: number): Promise<void> => usage.recount(above),

    /** Messages after a position, oldest first. */
    async after(room: string, seq: number, limit: number): Promise<readonly Message[]> {
      return (await after(db, { room, seq, limit })).map(toMessage);
    },

    /** The newest messages before a position, oldest first; without one, the newest of the room. */
    async before(room: string, seq = Number.MAX_SAFE_INTEGER, limit: number): Promise<readonly Message[]> {
      return (await before(db, { room, seq, limit })).map(toMessage).reverse();
    },

    /** Messages up to a position that were changed after a revision of the room, in the order of their changes. */
    async changedSince(room: string, revision: number, upTo: number, limit: number): Promise<readonly Message[]> {
      return (await changedSince(db, { room, revision, upTo, limit })).map(toMessage);
    },

    /** Messages of several rooms in one query, those of one room oldest first. */
    async sentWithin(ranges: readonly MessageRange[]): Promise<readonly Message[]> {
      const query = selectInRanges(db, ranges)
        .whereRef("messages.seq", ">", "ranges.after")
        .whereRef("messages.seq", "<=", "ranges.upTo");
      return (await query.orderBy("messages.room").orderBy("messages.seq").execute()).map(toMessage);
    },

    /** Messages of several rooms whose last change has one of these revisions, those of one room in their order. */
    async changedWithin(ranges: readonly MessageRange[]): Promise<readonly Message[]> {
      const query = selectInRanges(db, ranges)
        .whereRef("messages.revision", ">", "ranges.after")
        .whereRef("messages.revision", "<=", "ranges.upTo");
      return (await query.orderBy("messages.room").orderBy("messages.revision").execute()).map(toMessage);
    },
  };
}

/** The queries that read pages of messages. */
function pageQueries(db: Kysely<ChatTables>) {
  interface Page {
    readonly room: string;
    readonly seq: number;
    readonly limit: number;
  }
  const inRoom = (builder: Kysely<ChatTables>, room: string) =>
    selectMessages(builder).where("messages.room", "=", room);
  return {
    after: prepared(db, (builder, { room, seq, limit }: Page) =>
      inRoom(builder, room).where("messages.seq", ">", seq).orderBy("messages.seq").limit(limit),
    ),
    before: prepared(db, (builder, { room, seq, limit }: Page) =>
      inRoom(builder, room).where("messages.seq", "<", seq).orderBy("messages.seq", "desc").limit(limit),
    ),
    changedSince: prepared(
      db,
      (builder, { room, revision, upTo, limit }: Omit<Page, "seq"> & { revision: number; upTo: number }) =>
        inRoom(builder, room)
          .where("messages.revision", ">", revision)
          .where("messages.seq", "<=", upTo)
          .orderBy("messages.revision")
          .limit(limit),
    ),
  };
}

/** A message before and after a change. */
export interface MessageChange {
  readonly before: Message;
  readonly after: Message;
}

/** Counts the bytes by which a message has grown, once the change is committed. */
export function countStoredBytes(usage: Usage, { before, after }: MessageChange): void {
  usage.add(before.author.id, messageBytes(after.text) - messageBytes(before.text));
}

/**
 * Edits or deletes a message as `decide` returns, with the room locked. An error of `decide` undoes the transaction.
 */
async function changeMessage(
  transaction: Transaction<ChatTables>,
  room: string,
  seq: number,
  decide: (message: Message | undefined) => Promise<MessageEdit>,
): Promise<MessageChange> {
  const position = await transaction
    .updateTable("rooms")
    .set((row) => ({ revision: row("revision", "+", 1) }))
    .where("name", "=", room)
    .returning("revision")
    .executeTakeFirst();
  const row = await findRow(transaction, room, seq);
  const change = await decide(row && toMessage(row));
  if (!row || !position) throw new Error("invariant: a message that does not exist is not changed");
  const { revision } = position;
  const changed =
    "deletedAt" in change
      ? { text: "", mentions: null, revision, deleted_at: change.deletedAt }
      : { text: change.text, mentions: mentionsToText(change.mentions), revision, edited_at: change.editedAt };
  await transaction.updateTable("messages").set(changed).where("room", "=", room).where("seq", "=", seq).execute();
  await updateIndex(transaction, room, { seq, text: changed.text });
  return { before: toMessage(row), after: toMessage({ ...row, ...changed }) };
}

/** Deletes a message in the caller's transaction; undefined where there is none, or it was deleted before. */
export async function removeMessage(
  transaction: Transaction<ChatTables>,
  room: string,
  seq: number,
  at: number,
): Promise<MessageChange | undefined> {
  await lockRoom(transaction, room);
  const row = await findRow(transaction, room, seq);
  if (!row || row.deleted_at !== null) return undefined;
  return changeMessage(transaction, room, seq, () => Promise.resolve({ deletedAt: at }));
}

const findRow = (db: Kysely<ChatTables>, room: string, seq: number): Promise<MessageRow | undefined> =>
  selectMessages(db).where("messages.room", "=", room).where("messages.seq", "=", seq).executeTakeFirst();

/** Selects messages of the rooms of these ranges. Both databases search their index once for each range. */
function selectInRanges(db: Kysely<ChatTables>, ranges: readonly MessageRange[]) {
  const rows = ranges.map(
    ({ room, after, upTo }) => sql`(cast(${room} as text), cast(${after} as bigint), cast(${upTo} as bigint))`,
  );
  const values = sql<{ room: string; after: number; upTo: number }>`values ${sql.join(rows)}`;
  const table = sql<{
    room: string;
    after: number;
    upTo: number;
  }>`(select column1 as room, column2 as ${sql.ref("after")},
    column3 as ${sql.ref("upTo")} from (${values}) as given)`;
  return selectMessages(db).innerJoin(table.as<"ranges">(sql`ranges`), "ranges.room", "messages.room");
}
