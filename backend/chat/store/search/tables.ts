import type { Generated } from "kysely";

/** The rooms that have messages in the index (`migration.ts`). */
export interface SearchPositionsTable {
  /** The room's number in the index: 1, 2, 3 ... */
  number: Generated<number>;
  room: string;
  /** The last message of the room that is in the index. */
  seq: number;
}

/** The index itself: the terms of each message that has a word. */
export interface MessageSearchTable {
  /** In the embedded database, in place of the next two columns: `number * 2^32 + seq`. */
  rowid: Generated<number>;
  number: Generated<number>;
  seq: Generated<number>;
  terms: string;
}
