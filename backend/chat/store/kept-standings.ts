import type { SQLInputValue } from "node:sqlite";
import type { Kysely } from "kysely";
import { type SqliteGroups, template } from "../../store/index.ts";
import type { Membership } from "../membership.ts";
import type { Room } from "../room.ts";
import { authorOf, standingQuery } from "./standing.ts";
import type { ChatTables } from "./tables.ts";

/** The tables from which a user's standing in a room is read. Rows of other tables are never deleted with theirs. */
export const STANDING_TABLES: readonly string[] = ["rooms", "members", "users"];
/** Most authors that are kept: about 500 bytes each. */
const AUTHORS = 10_000;

/** A room whose position the appender counts on. */
type KeptRoom = { -readonly [K in keyof Room]: Room[K] };

/** A user in a room. */
export interface Author {
  readonly name: string;
  /** Bytes that the user's messages take, as far as the row has them. */
  readonly storedBytes: number;
  readonly membership: Membership | undefined;
  /** All authors of a room share it. */
  readonly room: KeptRoom;
}

/**
 * Keeps authors in memory, so that a message does not look up its room, author and membership again. It keeps them
 * until anything else writes to those tables: this process by a query (`countWrites`), or another process, for
 * example a command of the operator's, in any way (https://sqlite.org/pragma.html#pragma_data_version). All of it runs
 * in transactions that have the write lock, so that nothing is written between a read and the end of the transaction.
 */
export type KeptStandings = ReturnType<typeof keptStandings>;

export function keptStandings(groups: SqliteGroups, db: Kysely<ChatTables>) {
  const { database } = groups;
  const writes = groups.countWrites(STANDING_TABLES);
  const { query, values } = template(db, standingQuery);
  const read = database.prepare(query.sql);
  const readVersion = database.prepare("pragma data_version");
  const rooms = new Map<string, { readonly room: KeptRoom; readonly authors: Map<string, Author> }>();
  let kept = 0;
  let ownWrites = -1;
  let version: unknown;

  function forget(): void {
    rooms.clear();
    kept = 0;
  }

  function look(key: string, userId: string): Author | undefined {
    const row = read.get(...(values({ room: key, userId }) as SQLInputValue[]));
    const found = authorOf(row as Parameters<typeof authorOf>[0]);
    if (!found) return undefined;
    const entry = rooms.get(key) ?? { room: found.standing.room, authors: new Map<string, Author>() };
    const { name, storedBytes, standing } = found;
    const author = { name, storedBytes, membership: standing.membership, room: entry.room };
    rooms.set(key, entry);
    entry.authors.set(userId, author);
    kept += 1;
    return author;
  }

  const standings = {
    /** Forgets all authors: a transaction was undone after their rooms' positions were counted on. */
    forget,

    /** Forgets the authors of a room, to which the group has written. */
    forgetRoom(key: string): void {
      const entry = rooms.get(key);
      if (!entry) return;
      kept -= entry.authors.size;
      rooms.delete(key);
    },

    /** To be called at the start of each transaction: forgets all authors when something else has written. */
    refresh(): void {
      const now = readVersion.get()?.data_version;
      if (ownWrites === writes.count && version === now && kept < AUTHORS) return;
      forget();
      ownWrites = writes.count;
      version = now;
    },

    /** An author, kept or read; undefined where there is no such room or user. */
    authorIn: (key: string, userId: string): Author | undefined =>
      rooms.get(key)?.authors.get(userId) ?? look(key, userId),
  };
  groups.addCache(standings);
  return standings;
}
