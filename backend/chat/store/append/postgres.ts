import { CompiledQuery, type Kysely } from "kysely";
import pg from "pg";
import { named, prepared, storeInGroups } from "../../../store/index.ts";
import type { Message } from "../../message.ts";
import { mentionsToText, selectMessageSentAs, toMessage } from "../message-rows.ts";
import { type AuthorRow, toAuthor } from "../standing.ts";
import type { ChatTables } from "../tables.ts";
import { messageBytes, type Usage } from "../usage.ts";
import type { Appender, AssertMaySend, NewMessage, WaitingMessage } from "./appender.ts";

/** Maximum number of messages in a group, and maximum bytes of their texts, so that later messages do not wait long. */
const MAX_GROUP_MESSAGES = 100;
const MAX_GROUP_BYTES = 256 * 1024;

/** The function's result for a message of a group. */
interface AppendedRow {
  /** 1, 2, 3 ...: its place in the group. */
  readonly place: number;
  readonly seq: number | null;
  readonly epoch: string | null;
  readonly author: string | null;
  readonly refused: AuthorRow | Record<string, never> | null;
}

/** A row, with the bytes of the author that are not in `users.stored_bytes`, those of this message among them. */
type CountedRow = AppendedRow & { readonly total: number };

/**
 * Stores messages in PostgreSQL, a group of them with one statement, which is its own transaction (the migration
 * `chat_0011_append_repeated` has the function). Each message of a group is refused, repeated or stored by itself.
 *
 * The function checks the same conditions as `assertMaySend`, which is then called to throw the refusal.
 */
export function postgresAppender(db: Kysely<ChatTables>, usage: Usage): Appender {
  const findSentBefore = prepared(db, selectMessageSentAs);

  const uncountBytes = ({ draft, bytes }: WaitingMessage) => usage.add(draft.authorId, -bytes);

  async function query(group: readonly WaitingMessage[]): Promise<readonly CountedRow[]> {
    // counted before the function decides, so that messages at the same time do not exceed the quota together
    const totals = group.map(({ draft, bytes }) => {
      usage.add(draft.authorId, bytes);
      return usage.pending(draft.authorId);
    });
    try {
      const { rows } = await db.executeQuery<AppendedRow>({ ...APPEND, parameters: parametersOf(group, totals) });
      return rows.map((row) => ({ ...row, total: totals[row.place - 1] ?? Number.NaN }));
    } catch (error) {
      group.forEach(uncountBytes);
      throw error;
    }
  }

  function settle(waiting: WaitingMessage, row: CountedRow): void {
    if (row.seq !== null) {
      waiting.resolve({ message: stored(waiting.draft, row), repeated: false });
      return;
    }
    uncountBytes(waiting);
    if (row.refused) waiting.reject(refusal(waiting.assertMaySend, row.refused, row.total));
    // not awaited: the next messages of these rooms need not wait for this query
    else void resolveRepeated(waiting);
  }

  async function resolveRepeated({ draft, resolve, reject }: WaitingMessage): Promise<void> {
    try {
      const [row] = await findSentBefore(db, draft);
      if (!row) throw new Error("invariant: a message that was stored before can be read");
      resolve({ message: toMessage(row), repeated: true });
    } catch (error) {
      reject(error);
    }
  }

  const add = storeInGroups<WaitingMessage, CountedRow>({
    query,
    settle,
    fail(waiting, error) {
      if (isClientIdTaken(error)) void resolveRepeated(waiting);
      else waiting.reject(error);
    },
    failure: "a message was not stored",
    orderKey: ({ draft }) => draft.room,
    uniqueKey: ({ draft }) => `${draft.authorId} ${draft.clientId}`,
    bytes: ({ bytes }) => bytes,
    maxItems: MAX_GROUP_MESSAGES,
    maxBytes: MAX_GROUP_BYTES,
  });

  return {
    append: (draft, assertMaySend) =>
      new Promise((resolve, reject) => {
        add({ draft, assertMaySend, bytes: messageBytes(draft.text), resolve, reject });
      }),
  };
}

const APPEND = named<AppendedRow>(
  CompiledQuery.raw("select * from append_messages($1, $2, $3, $4, $5, $6, $7, $8, $9)"),
);

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The function's parameters for a group. `totals` are the bytes of each author that are not in the row yet. */
function parametersOf(group: readonly WaitingMessage[], totals: readonly number[]): unknown[] {
  const drafts = group.map(({ draft }) => draft);
  return [
    drafts.map(({ room }) => room),
    drafts.map(({ authorId }) => authorId),
    drafts.map(({ sid }) => sid),
    drafts.map(({ clientId }) => clientId),
    drafts.map(({ text }) => text),
    drafts.map(({ mentions = [] }) => mentionsToText(mentions)),
    drafts.map(({ at }) => at),
    drafts.map(({ quota = NO_LIMIT }) => Math.min(quota, NO_LIMIT)),
    totals,
  ];
}

/** The error that `assertMaySend` throws for a message that the function has refused. */
function refusal(assertMaySend: AssertMaySend, refused: AuthorRow | Record<string, never>, total: number): unknown {
  const found = "name" in refused ? toAuthor(refused as AuthorRow) : undefined;
  try {
    assertMaySend(found?.standing, (found?.storedBytes ?? 0) + total);
  } catch (error) {
    return error;
  }
  return new Error("invariant: the database refuses no message that may be sent");
}

function stored(draft: NewMessage, { seq, epoch, author }: AppendedRow): Message {
  const { room, authorId, clientId, text, at, mentions = [] } = draft;
  if (seq === null || epoch === null || author === null) throw new Error("invariant: a stored message has a number");
  const message = { room, seq, epoch, author: { id: authorId, name: author }, text, at, clientId };
  return mentions.length > 0 ? { ...message, mentions } : message;
}

/** Whether another node has just stored a message with the same client id in another room. */
function isClientIdTaken(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "23505" && error.constraint === "messages_client";
}
