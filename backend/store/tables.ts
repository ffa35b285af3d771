/**
 * The store's own tables. Features add theirs (`UsersTables` ...), in types that SQLite and PostgreSQL share: text, and
 * integers for everything counted. Times are milliseconds since 1970 in a `bigint` column.
 */
export type StoreTables = {
  keys: KeysTable;
  locks: LocksTable;
  throttles: ThrottlesTable;
};

/** Secrets that the program has made for itself. */
interface KeysTable {
  /** What the key is for, for example `access`: the feature that uses it names it. */
  purpose: string;
  /** 1, 2, 3 ...: the newest key signs. */
  generation: number;
  material: string;
  created_at: number;
  /** When it stopped signing; its public half is trusted until the last token it signed has expired. */
  retired_at: number | null;
}

/** Rows as locks: a transaction writes to one, so that other transactions of its kind wait. */
interface LocksTable {
  name: string;
}

/** The memory of throttles that all nodes share (`throttles.ts`). Only PostgreSQL has it. */
interface ThrottlesTable {
  /** A keyed hash of what is counted. */
  key: string;
  count: number;
  until: number;
  at: number;
  /** 0 where nothing is remembered. */
  expires_at: number;
  /** JSON of `SavedTurns`; null for none. */
  turns: string | null;
}
