import { type Insertable, type Kysely, sql, type Transaction } from "kysely";
import type { Standing } from "../domain/membership.ts";
import type { Message } from "../domain/message.ts";
import { lockRoom } from "./locks.ts";
import { prepared } from "./prepared.ts";
import { pruneMessages, type Retention } from "./retention.ts";
import type { MessagesTable, Schema } from "./schema.ts";
import { authorIn, authorOf, standingQuery } from "./standing.ts";
import type { InTransaction } from "./transactions.ts";
import { messageBytes, type Usage } from "./usage.ts";

/** A message on its way into the store. */
export interface NewMessage {
  readonly room: string;
  readonly authorId: string;
  readonly clientId: string;
  readonly text: string;
  readonly at: number;
  readonly mentions?: readonly string[];
}

/**
 * Throws the refusal when the author may not send the message: `standing` is the author's at this moment,
 * `storedBytes` what the author's messages take with this one.
 */
export type Judge = (standing: Standing | undefined, storedBytes: number) => void;

/** What a message becomes: another text, or none any more. */
export type Change =
  | { readonly text: string; readonly mentions: readonly string[]; readonly editedAt: number }
  | { readonly deletedAt: number };

/** Numbers of a room's messages, or of its changes: those after one, up to another. */
export interface Span {
  readonly room: string;
  readonly after: number;
  readonly upTo: number;
}

export type MessageStore = ReturnType<typeof messageStore>;

/** Ends a transaction whose message was stored before, so that its number is given back. */
class AlreadyStored extends Error {}

/** `appends`: in which transactions messages are stored. */
export function messageStore(db: Kysely<Schema>, appends: InTransaction<Schema>, usage: Usage) {
  const store = appending(db, usage);
  const sent = async (authorId: string, clientId: string): Promise<Message | undefined> => {
    const row = await messages(db)
      .where("messages.author_id", "=", authorId)
      .where("messages.client_id", "=", clientId)
      .executeTakeFirst();
    return row && message(row);
  };

  return {
    /**
     * Gives the message its number and stores it; when this returns, a killed process does not lose it. `repeated`
     * when the author has sent one with this client id before: then that one is answered and nothing is stored.
     * Whatever `judge` throws ends it.
     */
    async append(draft: NewMessage, judge: Judge): Promise<{ message: Message; repeated: boolean }> {
      const bytes = messageBytes(draft.text);
      let counted = 0;
      const count = (now: number) => {
        usage.add(draft.authorId, now - counted);
        counted = now;
      };
      // counted with the check, so that messages at the same time do not pass the quota together; the work may run
      // twice
      const judgeAndCount: Judge = (standing, before) => {
        judge(standing, before + bytes);
        count(bytes);
      };
      try {
        const stored = await appends((transaction) => {
          count(0);
          return store(transaction, draft, judgeAndCount);
        });
        return { message: stored, repeated: false };
      } catch (error) {
        count(0);
        if (!(error instanceof AlreadyStored)) throw error;
        const earlier = await sent(draft.authorId, draft.clientId);
        if (!earlier) throw new Error("invariant: a message that is in the way can be read");
        return { message: earlier, repeated: true };
      }
    },

    async find(room: string, seq: number): Promise<Message | undefined> {
      const row = await messageAt(db, room, seq);
      return row && message(row);
    },

    /**
     * Changes a message as `decide` says, for this user; whatever that throws ends it. `storedBytes` is what the
     * user's messages take before the change.
     */
    async change(
      room: string,
      seq: number,
      userId: string,
      decide: (standing: Standing | undefined, message: Message | undefined, storedBytes: number) => Change,
    ): Promise<Message> {
      const change = await db.transaction().execute((transaction) =>
        changeMessage(transaction, room, seq, async (original) => {
          const actor = await authorIn(transaction, room, userId);
          return decide(actor?.standing, original, (actor?.storedBytes ?? 0) + usage.pending(userId));
        }),
      );
      countChange(usage, change);
      return change.after;
    },

    /** Removes what is beyond the limits; see `pruneMessages`. */
    prune: (retention: Retention, now: number, signal: AbortSignal): Promise<void> =>
      pruneMessages(db, usage, retention, now, signal),

    /** Counts the messages of users again who have more than so many bytes, of a few at a time. */
    recount: (above: number): Promise<void> => usage.recount(above),

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

    /** Messages up to a position that were changed after a revision of the room, in the order of their changes. */
    async changedSince(room: string, revision: number, upTo: number, limit: number): Promise<readonly Message[]> {
      const query = messages(db)
        .where("messages.room", "=", room)
        .where("messages.revision", ">", revision)
        .where("messages.seq", "<=", upTo);
      return (await query.orderBy("messages.revision").limit(limit).execute()).map(message);
    },

    /** Messages of several rooms in one query, those of one room oldest first. */
    async sentWithin(spans: readonly Span[]): Promise<readonly Message[]> {
      const query = within(db, spans)
        .whereRef("messages.seq", ">", "spans.after")
        .whereRef("messages.seq", "<=", "spans.upTo");
      return (await query.orderBy("messages.room").orderBy("messages.seq").execute()).map(message);
    },

    /** Messages of several rooms whose last change has one of these revisions, those of one room in their order. */
    async changedWithin(spans: readonly Span[]): Promise<readonly Message[]> {
      const query = within(db, spans)
        .whereRef("messages.revision", ">", "spans.after")
        .whereRef("messages.revision", "<=", "spans.upTo");
      return (await query.orderBy("messages.room").orderBy("messages.revision").execute()).map(message);
    },
  };
}

/** A message before and after a change. */
export interface MessageChange {
  readonly before: Message;
  readonly after: Message;
}

/** Counts what a change has added to the stored bytes of the author, once it is committed. */
export function countChange(usage: Usage, { before, after }: MessageChange): void {
  usage.add(before.author.id, messageBytes(after.text) - messageBytes(before.text));
}

/** Changes a message as `decide` says, with the room locked. Whatever `decide` throws ends the transaction. */
async function changeMessage(
  transaction: Transaction<Schema>,
  room: string,
  seq: number,
  decide: (message: Message | undefined) => Promise<Change>,
): Promise<MessageChange> {
  const position = await transaction
    .updateTable("rooms")
    .set((row) => ({ revision: row("revision", "+", 1) }))
    .where("name", "=", room)
    .returning("revision")
    .executeTakeFirst();
  const row = await messageAt(transaction, room, seq);
  const change = await decide(row && message(row));
  if (!row || !position) throw new Error("invariant: what is not there cannot be changed");
  const { revision } = position;
  const changed =
    "deletedAt" in change
      ? { text: "", mentions: null, revision, deleted_at: change.deletedAt }
      : { text: change.text, mentions: asText(change.mentions), revision, edited_at: change.editedAt };
  await transaction.updateTable("messages").set(changed).where("room", "=", room).where("seq", "=", seq).execute();
  return { before: message(row), after: message({ ...row, ...changed }) };
}

/** Removes a message in a transaction of the caller's; undefined where it is not there, or was removed before. */
export async function removeMessage(
  transaction: Transaction<Schema>,
  room: string,
  seq: number,
  at: number,
): Promise<MessageChange | undefined> {
  await lockRoom(transaction, room);
  const row = await messageAt(transaction, room, seq);
  if (!row || row.deleted_at !== null) return undefined;
  return changeMessage(transaction, room, seq, () => Promise.resolve({ deletedAt: at }));
}

const messageAt = (db: Kysely<Schema>, room: string, seq: number): Promise<MessageRow | undefined> =>
  messages(db).where("messages.room", "=", room).where("messages.seq", "=", seq).executeTakeFirst();

const messages = (db: Kysely<Schema>) =>
  db
    .selectFrom("messages")
    .innerJoin("rooms", "rooms.name", "messages.room")
    .innerJoin("users", "users.id", "messages.author_id")
    .select(["messages.room", "messages.seq", "messages.client_id", "messages.text", "messages.at"])
    .select(["messages.mentions", "messages.revision", "messages.edited_at", "messages.deleted_at"])
    .select(["rooms.epoch", "users.id as author_id", "users.name as author_name"]);

/** Messages of the rooms of these spans; both databases search their index once for each span. */
function within(db: Kysely<Schema>, spans: readonly Span[]) {
  const rows = spans.map(
    ({ room, after, upTo }) => sql`(cast(${room} as text), cast(${after} as bigint), cast(${upTo} as bigint))`,
  );
  const values = sql<{ room: string; after: number; upTo: number }>`values ${sql.join(rows)}`;
  const table = sql<{
    room: string;
    after: number;
    upTo: number;
  }>`(select column1 as room, column2 as ${sql.ref("after")},
    column3 as ${sql.ref("upTo")} from (${values}) as given)`;
  return messages(db).innerJoin(table.as<"spans">(sql`spans`), "spans.room", "messages.room");
}

/** Stores messages. */
function appending(
  db: Kysely<Schema>,
  usage: Usage,
): (within: Transaction<Schema>, draft: NewMessage, judge: Judge) => Promise<Message> {
  const author = prepared(db, standingQuery);
  const nextSeq = prepared(db, (query, { room }: Pick<NewMessage, "room">) =>
    query
      .updateTable("rooms")
      .set((row) => ({ seq: row("seq", "+", 1) }))
      .where("name", "=", room)
      .returning(["seq", "epoch"]),
  );
  const insert = prepared(db, (query, { room, seq, author_id, client_id, text, at, mentions }: NewRow) =>
    query
      .insertInto("messages")
      .values({
        ...{ room, seq, author_id, client_id, text, at, mentions },
        ...{ revision: null, edited_at: null, deleted_at: null },
      })
      .onConflict((conflict) => conflict.columns(["author_id", "client_id"]).doNothing())
      .returning("seq"),
  );

  return async (within, draft, judge) => {
    const { room, authorId, clientId, text, at, mentions = [] } = draft;
    // takes the room's row: whoever is put out of it comes before this message or after it, on every node
    const [position] = await nextSeq(within, draft);
    const found = position && authorOf((await author(within, { room, userId: authorId }))[0]);
    judge(found?.standing, (found?.storedBytes ?? 0) + usage.pending(authorId));
    if (!position || !found) throw new Error("invariant: nobody may write where there is no room");
    const { seq, epoch } = position;
    const row = { room, seq, author_id: authorId, client_id: clientId, text, at, mentions: asText(mentions) };
    const [stored] = await insert(within, row);
    if (!stored) throw new AlreadyStored();
    const message = { room, seq, epoch, author: { id: authorId, name: found.name }, text, at, clientId };
    return mentions.length > 0 ? { ...message, mentions } : message;
  };
}

type NewRow = Pick<Insertable<MessagesTable>, "room" | "seq" | "author_id" | "client_id" | "text" | "at" | "mentions">;

interface MessageRow {
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

function message(row: MessageRow): Message {
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

const asText = (mentions: readonly string[]): string | null => (mentions.length > 0 ? JSON.stringify(mentions) : null);
