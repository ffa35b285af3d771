import type { Insertable, Kysely, Transaction } from "kysely";
import type { Message } from "../../domain/message.ts";
import { asText, message, messages } from "../message-rows.ts";
import { prepared } from "../prepared.ts";
import type { MessagesTable, Schema } from "../schema.ts";
import { authorOf, standingQuery } from "../standing.ts";
import type { InTransaction } from "../transactions.ts";
import { messageBytes, type Usage } from "../usage.ts";
import type { Appender, Judge, NewMessage } from "./appender.ts";

/** Ends a transaction whose message was stored before, so that its number is not used up. */
class AlreadyStored extends Error {}

/**
 * Appends with three queries in a transaction.
 *
 * @param inTransaction the transactions in which messages are stored
 */
export function transactionAppender(db: Kysely<Schema>, inTransaction: InTransaction<Schema>, usage: Usage): Appender {
  const store = appending(db, usage);
  const sent = async (authorId: string, clientId: string): Promise<Message | undefined> => {
    const row = await messages(db)
      .where("messages.author_id", "=", authorId)
      .where("messages.client_id", "=", clientId)
      .executeTakeFirst();
    return row && message(row);
  };

  return {
    async append(draft, judge) {
      const bytes = messageBytes(draft.text);
      let counted = 0;
      const count = (now: number) => {
        usage.add(draft.authorId, now - counted);
        counted = now;
      };
      // counted with the check, so that messages at the same time do not exceed the quota together; the work may run
      // twice
      const judgeAndCount: Judge = (standing, before) => {
        judge(standing, before + bytes);
        count(bytes);
      };
      try {
        const stored = await inTransaction((transaction) => {
          count(0);
          return store(transaction, draft, judgeAndCount);
        });
        return { message: stored, repeated: false };
      } catch (error) {
        count(0);
        if (!(error instanceof AlreadyStored)) throw error;
        const earlier = await sent(draft.authorId, draft.clientId);
        if (!earlier) throw new Error("invariant: a message that was stored before can be read");
        return { message: earlier, repeated: true };
      }
    },
  };
}

/** Stores one message in a transaction. */
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
    // locks the room's row: a kick comes before this message or after it, on every node
    const [position] = await nextSeq(within, draft);
    const found = position && authorOf((await author(within, { room, userId: authorId }))[0]);
    judge(found?.standing, (found?.storedBytes ?? 0) + usage.pending(authorId));
    if (!position || !found) throw new Error("invariant: a user cannot write to a room that does not exist");
    const { seq, epoch } = position;
    const row = { room, seq, author_id: authorId, client_id: clientId, text, at, mentions: asText(mentions) };
    const [stored] = await insert(within, row);
    if (!stored) throw new AlreadyStored();
    const message = { room, seq, epoch, author: { id: authorId, name: found.name }, text, at, clientId };
    return mentions.length > 0 ? { ...message, mentions } : message;
  };
}

type NewRow = Pick<Insertable<MessagesTable>, "room" | "seq" | "author_id" | "client_id" | "text" | "at" | "mentions">;
