import { type FeatureSamples, fresh, sidOf } from "../sample-values.ts";
import type { Store } from "../store/open-store.ts";
import type { TestUser } from "../test-backend.ts";

export const samples: FeatureSamples = {
  values: (_person, target) => ({
    user: target.id,
    kind: "public",
    title: `fresh-${fresh()}`,
    outcome: "dismissed",
    room: "lobby",
    role: "moderator",
    state: "away",
    clientId: `c-${fresh()}`,
  }),

  async prepare(store, action, person, target) {
    const isAbout = (...names: readonly string[]) => names.some((name) => action === `chat.${name}`);
    if (isAbout("settleReport")) return { report: await openReport(store, target) };
    if (!isAbout("invite", "setRoomRole", "mute", "unmute", "kick", "ban", "unban", "edit", "delete", "report"))
      return {};
    const room = await openRoom(store, person, isAbout("invite", "unban") ? undefined : target);
    if (isAbout("unban")) await store.members.banOutsider(room, target.id, Date.now());
    if (!isAbout("edit", "delete", "report")) return { room };
    const author = { authorId: person.id, sid: sidOf(person.accessToken) };
    const message = { room, ...author, clientId: `p-${fresh()}`, text: "prepared", at: Date.now() };
    return { room, seq: (await store.messages.append(message, () => undefined)).message.seq };
  },

  async likelyValues(call, other) {
    const direct = (await call("chat.direct", { user: other.id })) as { readonly room: string };
    const words = ["public", "private", "in", "invited", "banned", "owner", "moderator", "member", "online", "away"];
    const room = ["lobby", "boats", "\uff22oats", direct.room];
    return { any: [...room, ...words, "dismissed", "removed", "@Person 1", "c-1"], byName: { room } };
  },

  async listStored(call) {
    return ((await call("chat.history", { room: "lobby" })) as { readonly messages: readonly unknown[] }).messages;
  },

  refused: {
    CLIENT_ID: "a b",
    PRESENCE_STATE: "asleep",
    ROOM_NAME: "a b",
    SEARCH_EMPTY: "!?",
    REASON_LONG: "\u0958".repeat(500),
  },

  // the title of a public room is the name of a room, that of a private one a display name
  otherParams: (action, code) => (action === "chat.create" && code.startsWith("NAME") ? { kind: "private" } : {}),
};

async function openReport(store: Store, author: TestUser): Promise<string | undefined> {
  const about = { room: "lobby", seq: 1, authorId: author.id, text: "x", reason: "x" };
  await store.reports.add({ ...about, at: Date.now(), reporterId: `reporter-${fresh()}` });
  return (await store.reports.listOpen(1000)).at(-1)?.id;
}

/** A room of this person's, with a member if there is one; returns its key. */
async function openRoom(store: Store, owner: TestUser, member: TestUser | undefined): Promise<string> {
  const key = `prepared-${fresh()}`;
  const people = [
    { id: owner.id, role: "owner", peerId: null },
    ...(member ? [{ id: member.id, role: "member", peerId: null } as const] : []),
  ] as const;
  await store.rooms.open({ key, kind: "public", title: null, openedBy: "nobody", at: Date.now() }, people);
  return key;
}
