import { CompiledQuery, type Kysely } from "kysely";
import pg from "pg";
import { inStatements, named, prepared } from "../../../store/index.ts";
import type { Message } from "../../message.ts";
import { asText, message, messageSentAs } from "../message-rows.ts";
import { authorOf, type StandingRow } from "../standing.ts";
import type { ChatTables } from "../tables.ts";
import { messageBytes, type Usage } from "../usage.ts";
import type { Appender, Judge, NewMessage, Submission } from "./appender.ts";

/** Maximum number of messages in a group, and maximum bytes of their texts, so that later messages do not wait long. */
const MOST_MESSAGES = 100;
const MOST_BYTES = 256 * 1024;

/** The function's result for a message of a group. */
interface AppendedRow {
  /** 1, 2, 3 ...: its place in the group. */
  readonly place: number;
  readonly seq: number | null;
  readonly epoch: string | null;
  readonly author: string | null;
  readonly refused: StandingRow | Record<string, never> | null;
}

/** A row, with the bytes of the author that are not in `users.stored_bytes`, those of this message among them. */
type CountedRow = AppendedRow & { readonly total: number };

/**
 * Stores messages in PostgreSQL, a group of them with one statement, which is its own transaction (the migration
 * `chat_0006_append` has the function). Each message of a group is refused, repeated or stored by itself.
 *
 * The function checks the same conditions as `assertMaySend`, which is then called to throw the refusal.
 */
export function postgresAppender(db: Kysely<ChatTables>, usage: Usage): Appender {
  const earlier = prepared(db, messageSentAs);

  const giveBack = ({ draft, bytes }: Submission) => usage.add(draft.authorId, -bytes);

  async function query(group: readonly Submission[]): Promise<readonly CountedRow[]> {
    // counted before the function decides, so that messages at the same time do not exceed the quota together
    const totals = group.map(({ draft, bytes }) => {
      usage.add(draft.authorId, bytes);
      return usage.pending(draft.authorId);
    });
    try {
      const { rows } = await db.executeQuery<AppendedRow>({ ...APPEND, parameters: columns(group, totals) });
      return rows.map((row) => ({ ...row, total: totals[row.place - 1] ?? Number.NaN }));
    } catch (error) {
      group.forEach(giveBack);
      throw error;
    }
  }

  function settle(submission: Submission, row: CountedRow): void {
    if (row.seq !== null) {
      submission.resolve({ message: stored(submission.draft, row), repeated: false });
      return;
    }
    giveBack(submission);
    if (row.refused) submission.reject(refusal(submission.judge, row.refused, row.total));
    // not awaited: the next messages of these rooms need not wait for this query
    else void answerRepeated(submission);
  }

  async function answerRepeated({ draft, resolve, reject }: Submission): Promise<void> {
    try {
      const [row] = await earlier(db, draft);
      if (!row) throw new Error("invariant: a message that was stored before can be read");
      resolve({ message: message(row), repeated: true });
    } catch (error) {
      reject(error);
    }
  }

  const handIn = inStatements<Submission, CountedRow>({
    query,
    settle,
    fail(submission, error) {
      if (isClientIdTaken(error)) void answerRepeated(submission);
      else submission.reject(error);
    },
    what: "a message was not stored",
    line: ({ draft }) => draft.room,
    once: ({ draft }) => `${draft.authorId} ${draft.clientId}`,
    bytes: ({ bytes }) => bytes,
    mostItems: MOST_MESSAGES,
    mostBytes: MOST_BYTES,
  });

  return {
    append: (draft, judge) =>
      new Promise((resolve, reject) => {
        handIn({ draft, judge, bytes: messageBytes(draft.text), resolve, reject });
      }),
  };
}

const APPEND = named<AppendedRow>(CompiledQuery.raw("select * from append_messages($1, $2, $3, $4, $5, $6, $7, $8)"));

const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/** The function's parameters for a group. `totals` are the bytes of each author that are not in the row yet. */
function columns(group: readonly Submission[], totals: readonly number[]): unknown[] {
  const drafts = group.map(({ draft }) => draft);
  return [
    drafts.map(({ room }) => room),
    drafts.map(({ authorId }) => authorId),
    drafts.map(({ clientId }) => clientId),
    drafts.map(({ text }) => text),
    drafts.map(({ mentions = [] }) => asText(mentions)),
    drafts.map(({ at }) => at),
    drafts.map(({ quota = NO_LIMIT }) => Math.min(quota, NO_LIMIT)),
    totals,
  ];
}

/** The error that `assertMaySend` throws for a message that the function has refused. */
function refusal(judge: Judge, refused: StandingRow | Record<string, never>, total: number): unknown {
  const found = "name" in refused ? authorOf(refused as StandingRow) : undefined;
  try {
    judge(found?.standing, (found?.storedBytes ?? 0) + total);
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
