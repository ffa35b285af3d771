import { type Kysely, type RawBuilder, sql } from "kysely";
import { isPostgres } from "../../../store/index.ts";
import { indexTerms } from "../../search-words.ts";
import type { ChatTables } from "../tables.ts";

/** A search of the index for messages of one room that have some terms. */
export interface IndexQuery {
  /** The room's number in the index. */
  readonly number: number;
  readonly terms: readonly string[];
  /** The first position. */
  readonly from: number;
  /** The position after the last one. */
  readonly below: number;
  readonly limit: number;
}

/** A message that is added to the index. */
interface IndexedMessage {
  readonly seq: number;
  readonly text: string;
}

/** The last message of a room that is in the index, and the room's number. Undefined while no message is in it. */
export function positionOf(db: Kysely<ChatTables>, room: string) {
  return db.selectFrom("search_positions").select(["number", "seq"]).where("room", "=", room).executeTakeFirst();
}

/** Positions of messages that have all terms, the newest first. */
export async function findInIndex(db: Kysely<ChatTables>, query: IndexQuery): Promise<readonly number[]> {
  const { number, terms, from, below, limit } = query;
  const found = isPostgres(db)
    ? db
        .selectFrom("message_search")
        .select("seq")
        .where("number", "=", number)
        .where("seq", ">=", from)
        .where("seq", "<", below)
        .where(sql<boolean>`terms @@ ${quoted([...terms, roomTerm(number)], "'", " & ")}::tsquery`)
        .orderBy("seq", "desc")
        .limit(limit)
    : db
        .selectFrom("message_search")
        .select(sql<number>`rowid - ${idOf(number, 0)}`.as("seq"))
        .where(sql<boolean>`message_search match ${quoted(terms, '"', " ")}`)
        .where("rowid", ">=", idOf(number, from))
        .where("rowid", "<", idOf(number, below))
        .orderBy("rowid", "desc")
        .limit(limit);
  return (await found.execute()).map(({ seq }) => seq);
}

/** Adds messages that are not in the index. Those without words are left out. */
export async function addToIndex(
  db: Kysely<ChatTables>,
  number: number,
  messages: readonly IndexedMessage[],
): Promise<void> {
  const rows = messages
    .map(({ seq, text }) => ({ seq, terms: indexTerms(text) }))
    .filter(({ terms }) => terms.length > 0);
  if (rows.length === 0) return;
  if (!isPostgres(db)) {
    const values = rows.map(({ seq, terms }) => ({ rowid: idOf(number, seq), terms: terms.join(" ") }));
    await db.insertInto("message_search").values(values).execute();
    return;
  }
  const seqs = rows.map(({ seq }) => seq);
  const texts = rows.map(({ terms }) => [...terms, roomTerm(number)].join(" "));
  await sql`insert into message_search (number, seq, terms)
    select ${number}, seq, array_to_tsvector(string_to_array(terms, ' '))
    from unnest(${seqs}::bigint[], ${texts}::text[]) as given (seq, terms)`.execute(db);
}

/**
 * Replaces a message in the index, in the transaction that has changed its text. A message that is not in the index yet
 * is added with its new text later.
 */
export async function updateIndex(
  db: Kysely<ChatTables>,
  room: string,
  message: { readonly seq: number; readonly text: string },
): Promise<void> {
  const position = await positionOf(db, room);
  if (!position || message.seq > position.seq) return;
  const { number } = position;
  const { seq } = message;
  const entry = db.deleteFrom("message_search");
  await (isPostgres(db)
    ? entry.where("number", "=", number).where("seq", "=", seq)
    : entry.where("rowid", "=", idOf(number, seq))
  ).execute();
  await addToIndex(db, number, [message]);
}

/** The id of a message in the index of SQLite. It is computed in SQL: it can exceed the safe integers of JavaScript. */
function idOf(number: number, seq: number): RawBuilder<number> {
  return sql<number>`(cast(${number} as integer) * 4294967296 + cast(${seq} as integer))`;
}

/** The term that all messages of a room have in PostgreSQL. No word has a `#`. */
function roomTerm(number: number): string {
  return `#${number}`;
}

/** Terms as the query languages of both databases quote them: terms have no quotation marks and no backslashes. */
function quoted(terms: readonly string[], mark: string, operator: string): string {
  return terms.map((term) => mark + term + mark).join(operator);
}
