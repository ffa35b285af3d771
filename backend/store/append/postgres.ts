import { CompiledQuery, type Kysely } from "kysely";
import pg from "pg";
import type { Message } from "../../domain/message.ts";
import { inGroups } from "../groups.ts";
import { asText, message, messageSentAs } from "../message-rows.ts";
import { DatabaseAway } from "../outage.ts";
import { named, prepared } from "../prepared.ts";
import type { Schema } from "../schema.ts";
import { authorOf, type StandingRow } from "../standing.ts";
import { messageBytes, type Usage } from "../usage.ts";
import type { Appender, Judge, NewMessage, Submission } from "./appender.ts";

/** Messages of a group, and bytes of their texts: what comes after them does not wait long. */
const MOST_MESSAGES = 100;
const MOST_BYTES = 256 * 1024;
/** Groups of a node that run at the same time: more than one only where one has to wait for a room. */
const MOST_GROUPS = 4;
/** Milliseconds. */
const PATIENCE = 25;
/** Messages that wait, and for how many milliseconds: as long as a query waits for a connection. */
const MOST_WAITING = 10_000;
const LONGEST_WAIT = 5000;

/** What the function says about a message of a group. */
interface AppendedRow {
  /** 1, 2, 3 ...: its place in the group. */
  readonly place: number;
  readonly seq: number | null;
  readonly epoch: string | null;
  readonly author: string | null;
  readonly refused: StandingRow | Record<string, never> | null;
}

/**
 * Stores messages in PostgreSQL, a group of them with one statement, which is its own transaction (migration 0010 has
 * the function). Each message of a group is refused, repeated or stored by itself.
 *
 * The function decides by the conditions that `judge` has; `judge` says the refusal.
 */
export function postgresAppender(db: Kysely<Schema>, usage: Usage): Appender {
  const earlier = prepared(db, messageSentAs);

  /** Sends a group and reports to each message what came of it. */
  async function send(group: readonly Submission[]): Promise<void> {
    // counted before the function decides, so that messages at the same time do not exceed the quota together
    const totals = group.map(({ draft, bytes }) => {
      usage.add(draft.authorId, bytes);
      return usage.pending(draft.authorId);
    });
    const giveBack = ({ draft, bytes }: Submission) => usage.add(draft.authorId, -bytes);
    let rows: readonly AppendedRow[];
    try {
      rows = (await db.executeQuery<AppendedRow>({ ...APPEND, parameters: columns(group, totals) })).rows;
    } catch (error) {
      group.forEach(giveBack);
      return sendAgain(group, error);
    }
    if (rows.length !== group.length) throw new Error("invariant: the function says something about each message");
    const repeated: Submission[] = [];
    for (const row of rows) {
      const submission = group[row.place - 1];
      const total = totals[row.place - 1];
      if (!submission || total === undefined) throw new Error("invariant: a row is about a message of the group");
      if (row.seq !== null) {
        submission.resolve({ message: stored(submission.draft, row), repeated: false });
        continue;
      }
      giveBack(submission);
      if (row.refused) submission.reject(refusal(submission.judge, row.refused, total));
      else repeated.push(submission);
    }
    // the rooms of this group need not wait for these
    for (const submission of repeated) void answerRepeated(submission);
  }

  /**
   * Nothing of the group is stored, or the connection was lost and it is not known. A single message that the database
   * does not take fails alone: the group is sent again in halves.
   */
  async function sendAgain(group: readonly Submission[], error: unknown): Promise<void> {
    if (error instanceof DatabaseAway || group.length === 1) {
      for (const submission of group) {
        if (isClientIdTaken(error)) void answerRepeated(submission);
        else submission.reject(error);
      }
      return;
    }
    const half = Math.ceil(group.length / 2);
    await send(group.slice(0, half));
    await send(group.slice(half));
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

  const handIn = inGroups<Submission>({
    run: (group) =>
      send(group).catch((error: unknown) => {
        for (const { reject } of group) reject(error);
      }),
    line: ({ draft }) => draft.room,
    once: ({ draft }) => `${draft.authorId} ${draft.clientId}`,
    bytes: ({ bytes }) => bytes,
    refuse: ({ reject }, reason) => reject(new DatabaseAway(new Error(`a message was not stored: ${reason}`))),
    mostItems: MOST_MESSAGES,
    mostBytes: MOST_BYTES,
    mostGroups: MOST_GROUPS,
    patience: PATIENCE,
    mostWaiting: MOST_WAITING,
    longestWait: LONGEST_WAIT,
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

/** The group as the function takes it; `totals` are the bytes that each author's messages add to the stored ones. */
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

/** The error that `judge` throws for a message that the function has refused. */
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

/** Another node has stored a message with the same client id in another room at this moment. */
function isClientIdTaken(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "23505" && error.constraint === "messages_client";
}
