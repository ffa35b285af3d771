/** Rooms and messages that tests of the chat's store begin with. */
import type { Store } from "../../store/open-store.ts";

/** Opens a public room, whose owner and only member is this user. */
export const openRoom = (store: Store, key: string, owner = "ada") =>
  store.rooms.open({ key, kind: "public", title: null, openedBy: owner, at: 1 }, [
    { id: owner, role: "owner", peerId: null },
  ]);

/** Stores a message of Ada in the lobby, whose text is its client id, unless `of` says otherwise (`addUsers`). */
export const say = (
  store: Store,
  clientId: string,
  of: { readonly room?: string; readonly authorId?: string; readonly text?: string; readonly at?: number } = {},
) => {
  const draft = { room: "lobby", authorId: "ada", clientId, text: clientId, at: 1, ...of };
  return store.messages.append({ ...draft, sid: `s-${draft.authorId}` }, () => undefined);
};
