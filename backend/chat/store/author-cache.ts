import type { SQLInputValue } from "node:sqlite";
import type { Kysely } from "kysely";
import { type SqliteGroups, template } from "../../store/index.ts";
import type { Membership } from "../membership.ts";
import type { Room } from "../room.ts";
import { type Actor, type AuthorRow, authorQuery, liveSessionQuery, toAuthor } from "./standing.ts";
import type { ChatTables } from "./tables.ts";

/** The tables from which an author is read. No row of them is deleted by a change of another table. */
export const AUTHOR_TABLES: readonly string[] = ["rooms", "members", "users"];
/** The same for live sessions. They are renewed all the time: authors are not forgotten for that. */
export const SESSION_TABLES: readonly string[] = ["sessions", "users"];
/** Maximum number of authors that are kept, about 500 bytes each; and of sessions, about 150 bytes each. */
const MAX_AUTHORS = 10_000;

/** A room, of which the appender increases `seq` with each message. */
type KeptRoom = { -readonly [K in keyof Room]: Room[K] };

/** A user who writes in a room, whether the user may or not. */
export interface Author {
  readonly name: string;
  /** Bytes of the user's messages that the row of the user has (`usage.ts`). */
  readonly storedBytes: number;
  readonly membership: Membership | undefined;
  /** All authors of a room share it. */
  readonly room: KeptRoom;
}

/**
 * Keeps authors and live sessions in memory, so that not every message has to look up its room, author, membership and
 * session. It forgets them when a query of this process has written to their tables (`countWrites`), or another
 * process, for example a command of the operator, has written anything
 * (https://sqlite.org/pragma.html#pragma_data_version). It is used in transactions that have the write lock: nothing
 * else writes until they end.
 */
export type AuthorCache = ReturnType<typeof authorCache>;

export function authorCache(groups: SqliteGroups, db: Kysely<ChatTables>) {
  const { database } = groups;
  const writes = groups.countWrites(AUTHOR_TABLES);
  const sessionWrites = groups.countWrites(SESSION_TABLES);
  const author = template(db, authorQuery);
  const findAuthor = database.prepare(author.query.sql);
  const session = template(db, liveSessionQuery);
  const findSession = database.prepare(session.query.sql);
  const readVersion = database.prepare("pragma data_version");
  const rooms = new Map<string, { readonly room: KeptRoom; readonly authors: Map<string, Author> }>();
  let authorCount = 0;
  /** Live sessions, each with its user. */
  const sessions = new Set<string>();
  let seenWrites = -1;
  let seenSessionWrites = -1;
  let seenVersion: unknown;

  function forget(): void {
    rooms.clear();
    authorCount = 0;
    sessions.clear();
  }

  function readAuthor(key: string, userId: string): Author | undefined {
    const row = findAuthor.get(...(author.values({ room: key, userId }) as SQLInputValue[])) as AuthorRow | undefined;
    if (!row) return undefined;
    const { name, storedBytes, standing } = toAuthor(row);
    const entry = rooms.get(key) ?? { room: standing.room, authors: new Map<string, Author>() };
    const found = { name, storedBytes, membership: standing.membership, room: entry.room };
    rooms.set(key, entry);
    entry.authors.set(userId, found);
    authorCount += 1;
    return found;
  }

  /** Whether the user may still act: session and account have not ended. */
  function mayAct(actor: Actor): boolean {
    const key = `${actor.sid} ${actor.id}`;
    if (sessions.has(key)) return true;
    if (!findSession.get(...(session.values(actor) as SQLInputValue[]))) return false;
    sessions.add(key);
    return true;
  }

  const cache = {
    /** Forgets all authors: a transaction was undone, and the positions of their rooms are wrong. */
    forget,

    /** Forgets the authors of a room: the group has written to the room or its members. */
    forgetRoom(key: string): void {
      const entry = rooms.get(key);
      if (!entry) return;
      authorCount -= entry.authors.size;
      rooms.delete(key);
    },

    /** To be called at the start of each transaction: forgets what something else may have changed. */
    refresh(): void {
      const version = readVersion.get()?.data_version;
      if (seenSessionWrites !== sessionWrites.count || sessions.size >= MAX_AUTHORS) sessions.clear();
      if (seenWrites !== writes.count || seenVersion !== version || authorCount >= MAX_AUTHORS) forget();
      seenSessionWrites = sessionWrites.count;
      seenWrites = writes.count;
      seenVersion = version;
    },

    mayAct,

    /** Returns an author from memory or the database; undefined where there is no such room or user. */
    authorIn: (key: string, userId: string): Author | undefined =>
      rooms.get(key)?.authors.get(userId) ?? readAuthor(key, userId),
  };
  groups.addCache(cache);
  return cache;
}
