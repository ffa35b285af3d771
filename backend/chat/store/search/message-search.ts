import type { Kysely, Transaction } from "kysely";
import { isPostgres } from "../../../store/index.ts";
import type { Standing } from "../../membership.ts";
import { HISTORY_PAGE_MESSAGES, MAX_RESPONSE_BYTES, type Message, responseBytes } from "../../message.ts";
import type { SearchQuery } from "../../search-words.ts";
import { selectMessages, toMessage } from "../message-rows.ts";
import { findStanding } from "../standing.ts";
import type { ChatTables } from "../tables.ts";
import { findInIndex, positionOf } from "./search-index.ts";

/** A search of one user in one room. */
export interface RoomSearch {
  readonly room: string;
  readonly userId: string;
  readonly query: SearchQuery;
  /** Only messages before this position are searched; all, when undefined. */
  readonly before: number | undefined;
}

/** Messages that match, the newest first. */
export interface SearchResult {
  readonly messages: readonly Message[];
  /** The position before which the search continues; undefined when the whole room was searched. */
  readonly before: number | undefined;
}

/** Maximum number of messages that one query reads. */
const BATCH_MESSAGES = 50;
/** Maximum number of characters that one search compares with the query: a few milliseconds of work. */
const MAX_CHARACTERS = 128 * 1024;
/** Minimum number of characters that a message counts: reading a message takes as long as comparing these. */
const MIN_MESSAGE_CHARACTERS = 200;
/** Maximum number of positions that one search of the index covers: it may have to compare many messages. */
const MAX_POSITIONS = 50_000;

/**
 * Searches a room, in one transaction with the check that the user may read it: `assertMember` throws when not.
 *
 * The index finds messages that may match, and their texts are compared with the query. The newest messages, which are
 * not in the index yet, are read directly. The work of one search is limited; the next one continues where it stopped.
 */
export async function searchMessages(
  db: Kysely<ChatTables>,
  search: RoomSearch,
  assertMember: (standing: Standing | undefined) => Standing,
): Promise<SearchResult> {
  const begin = db.transaction();
  // one snapshot for the check and all reads
  const transaction = isPostgres(db) ? begin.setIsolationLevel("repeatable read") : begin;
  return transaction.execute(async (within) => {
    const { room } = assertMember(await findStanding(within, search.room, search.userId));
    return searchRoom(within, search, room.seq);
  });
}

async function searchRoom(
  within: Transaction<ChatTables>,
  { room, query, before = Number.MAX_SAFE_INTEGER }: RoomSearch,
  newest: number,
): Promise<SearchResult> {
  const page = createResultPage(query, Math.min(before, newest + 1));
  const position = await positionOf(within, room);
  const lastIndexed = position?.seq ?? 0;
  const inRoom = selectMessages(within).where("messages.room", "=", room).orderBy("messages.seq", "desc");

  while (!page.isFull && page.before > lastIndexed + 1) {
    const unindexed = inRoom
      .where("messages.seq", ">", lastIndexed)
      .where("messages.seq", "<", page.before)
      .limit(BATCH_MESSAGES);
    page.addMatches((await unindexed.execute()).map(toMessage), lastIndexed + 1);
  }
  const from = Math.max(1, page.before - MAX_POSITIONS);
  while (position && !page.isFull && page.before > from) {
    const { number } = position;
    const below = page.before;
    const seqs = await findInIndex(within, { number, terms: query.terms, from, below, limit: BATCH_MESSAGES });
    const rows = seqs.length === 0 ? [] : await inRoom.where("messages.seq", "in", seqs).execute();
    page.addMatches(rows.map(toMessage), seqs.length < BATCH_MESSAGES ? from : (seqs.at(-1) ?? from));
  }
  const oldest = await within
    .selectFrom("messages")
    .select(({ fn }) => fn.min("seq").as("seq"))
    .where("room", "=", room)
    .executeTakeFirst();
  const hasOlder = oldest?.seq !== null && oldest?.seq !== undefined && oldest.seq < page.before;
  return { messages: page.messages, before: hasOlder ? page.before : undefined };
}

/** The page of results: collects messages that match, until it is full. */
function createResultPage(query: SearchQuery, start: number) {
  const found: Message[] = [];
  let before = start;
  let isFull = false;
  let bytes = MAX_RESPONSE_BYTES;
  let characters = MAX_CHARACTERS;
  return {
    messages: found,
    /** All messages from this position on were searched. */
    get before(): number {
      return before;
    },
    get isFull(): boolean {
      return isFull;
    },

    /** Adds the messages that match, the newest first. Unless they fill the page, all down to `end` were searched. */
    addMatches(batch: readonly Message[], end: number): void {
      for (const one of batch) {
        if (query.matches(one.text)) {
          bytes -= responseBytes(one);
          isFull = bytes < 0;
          if (isFull) return;
          found.push(one);
        }
        before = one.seq;
        characters -= Math.max(one.text.length, MIN_MESSAGE_CHARACTERS);
        isFull = found.length === HISTORY_PAGE_MESSAGES || characters < 0;
        if (isFull) return;
      }
      before = batch.length < BATCH_MESSAGES ? end : (batch.at(-1)?.seq ?? end);
    },
  };
}
