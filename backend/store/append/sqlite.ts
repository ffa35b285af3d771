import type { Kysely } from "kysely";
import { asText, type MessageRow, message, messageSentAs } from "../message-rows.ts";
import { DatabaseAway } from "../outage.ts";
import { template } from "../prepared.ts";
import type { Schema } from "../schema.ts";
import { asOutage, BUSY_LIMIT, BUSY_STEP, isBusy, isOutage, type SqliteConnection } from "../sqlite-connection.ts";
import { messageBytes, type Usage } from "../usage.ts";
import type { Appended, Appender, Submission } from "./appender.ts";
import { keptStandings } from "./standings.ts";

/**
 * Milliseconds between the starts of two groups: a commit and its sync cost as much as several messages. A message that
 * comes alone does not wait.
 */
const GROUP_MS = 4;
/** Most messages in one group, so that it does not hold up the event loop. */
const GROUP_SIZE = 200;
/** Messages that may wait while the disk or another process holds up the database. */
const MOST_WAITING = 10_000;

/** A message that waits for its group. */
interface Job extends Submission {
  /** The bytes were added to the author's usage. */
  isCounted: boolean;
  outcome: Appended | undefined;
  refusal: unknown;
}

/**
 * Stores messages in the embedded database. SQLite has one writer, this process has one connection, and node:sqlite
 * does not wait: messages are stored in groups, each in one transaction within one turn of the event loop. While a
 * group is synced, the next one gathers. A message that is refused, or was stored before, has written nothing, so that
 * it needs no transaction of its own.
 */
export function sqliteAppender(connection: SqliteConnection, db: Kysely<Schema>, usage: Usage): Appender {
  const { database, exclusive, listener, log } = connection;
  const standings = keptStandings(connection, db);
  const begin = database.prepare("begin immediate");
  const commit = database.prepare("commit");
  const insert = database.prepare(
    `insert into messages (room, seq, author_id, client_id, text, at, mentions) values (?, ?, ?, ?, ?, ?, ?)
    on conflict (author_id, client_id) do nothing`,
  );
  const advance = database.prepare("update rooms set seq = ? where name = ?");
  const earlier = template(db, messageSentAs);
  const find = database.prepare(earlier.query.sql);

  let waiting: Job[] = [];
  let isScheduled = false;
  let lastStart = Number.NEGATIVE_INFINITY;
  let busySince: number | undefined;

  function schedule(): void {
    if (isScheduled || waiting.length === 0) return;
    isScheduled = true;
    const wait = lastStart + GROUP_MS - performance.now();
    // the poll phase first reads what else has arrived
    if (wait > 0) setTimeout(takeTurn, wait);
    else setImmediate(takeTurn);
  }

  const takeTurn = () => exclusive.run(storeGroup);

  function storeGroup(): void {
    lastStart = performance.now();
    try {
      begin.run();
    } catch (error) {
      // another process, for example a command of the operator's, has the lock
      busySince ??= lastStart;
      if (isBusy(error) && lastStart - busySince < BUSY_LIMIT) {
        setTimeout(takeTurn, BUSY_STEP);
        return;
      }
      busySince = undefined;
      rejectGroup(waiting.splice(0), error);
      return;
    }
    busySince = undefined;
    const jobs = waiting.slice(0, GROUP_SIZE);
    waiting = waiting.slice(GROUP_SIZE);
    try {
      standings.refresh();
      for (const job of jobs) storeOrRefuse(job);
      commit.run();
    } catch (error) {
      standings.forget();
      // on a full disk SQLite has rolled back by itself
      if (database.isTransaction) database.exec("rollback");
      rejectGroup(jobs, error instanceof HalfStored ? error.cause : error);
      return;
    }
    if (!log?.isLate) listener.worked();
    log?.written();
    const synced = log?.synced();
    if (synced)
      void synced.then(
        () => settleGroup(jobs),
        (problem: unknown) => rejectGroup(jobs, problem),
      );
    else settleGroup(jobs);
  }

  /** Throws when the whole group has to be undone. */
  function storeOrRefuse(job: Job): void {
    try {
      job.outcome = store(job);
    } catch (error) {
      if (!database.isTransaction || isOutage(error) || error instanceof HalfStored) throw error;
      job.refusal = error;
    }
    if (!job.outcome || job.outcome.repeated) uncount(job);
  }

  function store(job: Job): Appended {
    const { room: key, authorId, clientId, text, at, mentions = [] } = job.draft;
    const author = standings.authorIn(key, authorId);
    job.judge(author, (author?.storedBytes ?? 0) + usage.pending(authorId) + job.bytes);
    if (!author) throw new Error("invariant: a user cannot write to a room that does not exist");
    // counted with the check, so that messages at the same time do not exceed the quota together
    usage.add(authorId, job.bytes);
    job.isCounted = true;
    const { room } = author;
    const seq = room.seq + 1;
    if (insert.run(key, seq, authorId, clientId, text, at, asText(mentions)).changes === 0) {
      const row = find.get(...(earlier.values(job.draft) as string[])) as MessageRow | undefined;
      if (!row) throw new Error("invariant: a message that was stored before can be read");
      return { message: message(row), repeated: true };
    }
    try {
      advance.run(seq, key);
    } catch (error) {
      throw new HalfStored("the room's position could not be written", { cause: error });
    }
    room.seq = seq;
    const stored = {
      room: key,
      seq,
      epoch: room.epoch,
      author: { id: authorId, name: author.name },
      text,
      at,
      clientId,
    };
    return { message: mentions.length > 0 ? { ...stored, mentions } : stored, repeated: false };
  }

  function uncount(job: Job): void {
    if (!job.isCounted) return;
    job.isCounted = false;
    usage.add(job.draft.authorId, -job.bytes);
  }

  /** The transaction is on disk. */
  function settleGroup(jobs: readonly Job[]): void {
    for (const { outcome, refusal, resolve, reject } of jobs) {
      if (outcome) resolve(outcome);
      else reject(refusal);
    }
    scheduleNext();
  }

  /** There was no commit, or it is not on disk. */
  function rejectGroup(jobs: readonly Job[], error: unknown): void {
    const problem = asOutage(error, listener);
    for (const job of jobs) {
      uncount(job);
      job.reject(problem);
    }
    scheduleNext();
  }

  function scheduleNext(): void {
    isScheduled = false;
    schedule();
  }

  return {
    append: (draft, judge) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= MOST_WAITING) {
          const reason = `a message was not stored: ${MOST_WAITING} wait for the database already`;
          return reject(new DatabaseAway(new Error(reason)));
        }
        const bytes = messageBytes(draft.text);
        waiting.push({
          draft,
          judge,
          bytes,
          isCounted: false,
          outcome: undefined,
          refusal: undefined,
          resolve,
          reject,
        });
        schedule();
      }),
  };
}

/** A message was stored and its room not advanced: the group's transaction must not be committed. */
class HalfStored extends Error {}
