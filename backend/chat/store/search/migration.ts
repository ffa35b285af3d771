import { type Kysely, sql } from "kysely";
import { isPostgres } from "../../../store/index.ts";

/**
 * Creates the search index, which is empty: the stored messages are added in the background (`index-filler.ts`).
 * `search_positions` has the last message of each room that is in the index, and the number by which the index knows
 * the room. A number is never used for another room.
 *
 * When messages are removed, triggers remove them from the index in the same transaction.
 */
export async function createSearchTables(db: Kysely<unknown>): Promise<void> {
  await (isPostgres(db) ? createInPostgres(db) : createInSqlite(db));
}

/**
 * FTS5 (https://sqlite.org/fts5.html) with the ids `number * 2^32 + seq`, so that the messages of a room are a range of
 * ids. Terms have no ASCII characters but letters and digits, so that the `ascii` tokenizer splits them at the spaces
 * alone. `detail=none`: no positions are stored, since a term is looked up as a whole. `secure-delete`: a removed term
 * is not left in the file.
 */
async function createInSqlite(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    sql`create table search_positions (number integer primary key autoincrement,
      room text not null unique, seq bigint not null)`,
    sql`create virtual table message_search using fts5(terms, tokenize = 'ascii', detail = none, columnsize = 0)`,
    sql`insert into message_search (message_search, rank) values ('secure-delete', 1)`,
    sql`create trigger message_search_remove after delete on messages begin
      delete from message_search
      where rowid = (select number * 4294967296 + old.seq from search_positions where room = old.room);
    end`,
    sql`create trigger search_positions_remove before delete on rooms begin
      delete from message_search
      where rowid > (select number * 4294967296 from search_positions where room = old.name)
        and rowid < (select (number + 1) * 4294967296 from search_positions where room = old.name);
      delete from search_positions where room = old.name;
    end`,
  ])
    await statement.execute(db);
}

/** A `tsvector` of the terms and the room's number, so that one GIN index finds the messages of a room. */
async function createInPostgres(db: Kysely<unknown>): Promise<void> {
  for (const statement of [
    sql`create table search_positions (number bigint generated always as identity primary key,
      room text not null unique references rooms (name) on delete cascade, seq bigint not null)`,
    sql`create table message_search (number bigint not null references search_positions (number) on delete cascade,
      seq bigint not null, terms tsvector not null, primary key (number, seq))`,
    sql`create index message_search_terms on message_search using gin (terms)`,
    sql`create function remove_from_message_search() returns trigger language plpgsql as $function$
    begin
      delete from message_search using removed, search_positions
        where search_positions.room = removed.room and message_search.number = search_positions.number
          and message_search.seq = removed.seq;
      return null;
    end
    $function$`,
    sql`create trigger message_search_remove after delete on messages referencing old table as removed
      for each statement execute function remove_from_message_search()`,
  ])
    await statement.execute(db);
}
