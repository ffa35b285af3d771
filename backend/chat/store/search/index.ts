import type { Kysely } from "kysely";
import type { Standing } from "../../membership.ts";
import type { ChatTables } from "../tables.ts";
import { type FillOptions, fillIndex } from "./index-filler.ts";
import { type RoomSearch, type SearchResult, searchMessages } from "./message-search.ts";

/** Finds messages by their words. */
export function searchStore(db: Kysely<ChatTables>) {
  return {
    /** Searches a room, in one transaction with `assertMember`, which throws when the user may not read the room. */
    find: (search: RoomSearch, assertMember: (standing: Standing | undefined) => Standing): Promise<SearchResult> =>
      searchMessages(db, search, assertMember),

    /** Adds messages to the index, in rooms where many are outside of it. */
    fill: (options: FillOptions): Promise<void> => fillIndex(db, options),
  };
}
