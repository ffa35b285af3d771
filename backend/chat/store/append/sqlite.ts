import type { Kysely } from "kysely";
import { type GroupedWrite, HalfWritten, type SqliteGroups, template } from "../../../store/index.ts";
import type { AuthorCache } from "../author-cache.ts";
import { type MessageRow, mentionsToText, selectMessageSentAs, toMessage } from "../message-rows.ts";
import type { ChatTables } from "../tables.ts";
import { messageBytes, type Usage } from "../usage.ts";
import type { Appended, Appender, NewMessage, WaitingMessage } from "./appender.ts";

/** Stores messages in the embedded database, in groups with whatever else is written. */
export function sqliteAppender(
  groups: SqliteGroups,
  authors: AuthorCache,
  db: Kysely<ChatTables>,
  usage: Usage,
): Appender {
  const { insert, advance, findRepeated } = statementsOf(groups, db);

  function write({ draft, assertMaySend, bytes, resolve, reject }: WaitingMessage): GroupedWrite {
    const { room: key, authorId, sid, clientId, text, at, mentions = [] } = draft;
    let isCounted = false;
    let outcome: Appended | undefined;

    function store(): Appended {
      const mayAct = authors.mayAct({ id: authorId, sid });
      const author = mayAct ? authors.authorIn(key, authorId) : undefined;
      try {
        assertMaySend(author, (author?.storedBytes ?? 0) + usage.pending(authorId) + bytes);
      } catch (refusal) {
        const repeated = mayAct ? findRepeated(draft) : undefined;
        if (!repeated) throw refusal;
        return repeated;
      }
      if (!author) throw new Error("invariant: a user cannot write to a room that does not exist");
      // counted with the check, so that messages at the same time do not exceed the quota together
      usage.add(authorId, bytes);
      isCounted = true;
      const { room } = author;
      const seq = room.seq + 1;
      if (insert.run(key, seq, authorId, clientId, text, at, mentionsToText(mentions)).changes === 0) {
        const repeated = findRepeated(draft);
        if (!repeated) throw new Error("invariant: a message that was stored before can be read");
        return repeated;
      }
      try {
        advance.run(seq, key);
      } catch (error) {
        throw new HalfWritten("the room's position could not be written", { cause: error });
      }
      room.seq = seq;
      const sender = { id: authorId, name: author.name };
      const stored = { room: key, seq, epoch: room.epoch, author: sender, text, at, clientId };
      return { message: mentions.length > 0 ? { ...stored, mentions } : stored, repeated: false };
    }

    function uncount(): void {
      if (!isCounted) return;
      isCounted = false;
      usage.add(authorId, -bytes);
    }

    return {
      run() {
        try {
          outcome = store();
        } finally {
          if (!outcome || outcome.repeated) uncount();
        }
      },
      settle(refusal) {
        if (outcome) resolve(outcome);
        else reject(refusal);
      },
      fail(problem) {
        uncount();
        reject(problem);
      },
    };
  }

  return {
    append: (draft, assertMaySend) =>
      new Promise((resolve, reject) => {
        const bytes = messageBytes(draft.text);
        groups.add(write({ draft, assertMaySend, bytes, resolve, reject }), "a message was not stored");
      }),
  };
}

/** What storing one message reads and writes, besides its author. */
function statementsOf({ database }: SqliteGroups, db: Kysely<ChatTables>) {
  const { query, values } = template(db, selectMessageSentAs);
  const findSentBefore = database.prepare(query.sql);
  return {
    insert: database.prepare(
      `insert into messages (room, seq, author_id, client_id, text, at, mentions) values (?, ?, ?, ?, ?, ?, ?)
      on conflict (author_id, client_id) do nothing`,
    ),
    advance: database.prepare("update rooms set seq = ? where name = ?"),
    /** Finds the message that its author has sent before with the same client id. */
    findRepeated(draft: NewMessage): Appended | undefined {
      const row = findSentBefore.get(...(values(draft) as string[])) as MessageRow | undefined;
      return row && { message: toMessage(row), repeated: true };
    },
  };
}
