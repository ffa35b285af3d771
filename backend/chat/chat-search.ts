import { type Handlers, refuse } from "../contract/index.ts";
import { assertMember, type ChatParts, requireRoomKey } from "./room-access.ts";
import { parseQuery } from "./search-words.ts";

/** The action that finds messages of a room by their words. */
export function chatSearch({ store }: Pick<ChatParts, "store">): Pick<Handlers<"chat">, "search"> {
  return {
    async search(ctx) {
      const room = requireRoomKey(ctx);
      const query = parseQuery(ctx.params.query);
      if (!query) throw refuse("SEARCH_EMPTY", { field: "query" });
      const userId = ctx.meta.user.id;
      const { messages, before } = await store.search.find(
        { room, userId, query, before: ctx.params.cursor },
        assertMember,
      );
      return { room, messages, ...(before === undefined ? {} : { cursor: before }) };
    },
  };
}
