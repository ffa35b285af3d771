import type { SQLInputValue } from "node:sqlite";
import type { Kysely } from "kysely";
import { type SqliteGroups, template } from "../../store/index.ts";
import type { Membership } from "../membership.ts";
import type { Room } from "../room.ts";
import { authorQuery, toAuthor } from "./standing.ts";
import type { ChatTables } from "./tables.ts";

/** The tables from which an author is read. No row of them is deleted by a change of another table. */
export const AUTHOR_TABLES: readonly string[] = ["rooms", "members", "users"];
/** Maximum number of authors that are kept: about 500 bytes each. */
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
 * Keeps authors in memory, so that not every message has to look up its room, author and membership. It forgets them
 * when a query of this process has written to these tables (`countWrites`), or another process, for example a command
 * of the operator, has written anything (https://sqlite.org/pragma.html#pragma_data_version). It is used in
 * transactions that have the write lock: nothing else writes until they end.
 */
export type AuthorCache = ReturnType<typeof authorCache>;

export function authorCache(groups: SqliteGroups, db: Kysely<ChatTables>) {
  const { database } = groups;
  const writes = groups.countWrites(AUTHOR_TABLES);
  const { query, values } = template(db, authorQuery);
  const read = database.prepare(query.sql);
  const readVersion = database.prepare("pragma data_version");
  const rooms = new Map<string, { readonly room: KeptRoom; readonly authors: Map<string, Author> }>();
  let authorCount = 0;
  let ownWrites = -1;
  let version: unknown;

  function forget(): void {
    rooms.clear();
    authorCount = 0;
  }

  function readAuthor(key: string, userId: string): Author | undefined {
    const row = read.get(...(values({ room: key, userId }) as SQLInputValue[]));
    const found = toAuthor(row as Parameters<typeof toAuthor>[0]);
    if (!found) return undefined;
    const entry = rooms.get(key) ?? { room: found.standing.room, authors: new Map<string, Author>() };
    const { name, storedBytes, standing } = found;
    const author = { name, storedBytes, membership: standing.membership, room: entry.room };
    rooms.set(key, entry);
    entry.authors.set(userId, author);
    authorCount += 1;
    return author;
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

    /** To be called at the start of each transaction: forgets all authors when something else has written. */
    refresh(): void {
      const now = readVersion.get()?.data_version;
      if (ownWrites === writes.count && version === now && authorCount < MAX_AUTHORS) return;
      forget();
      ownWrites = writes.count;
      version = now;
    },

    /** Returns an author from memory or the database; undefined where there is no such room or author. */
    authorIn: (key: string, userId: string): Author | undefined =>
      rooms.get(key)?.authors.get(userId) ?? readAuthor(key, userId),
  };
  groups.addCache(cache);
  return cache;
}
