// Attacks that failed when they were tried: every call about a room, from a user who is not in that room.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ROLES } from "../../../../backend/surface.ts";
import { sidOf } from "../../sample-values.ts";
import { goodParams, socketEntries } from "../../samples.ts";
import { emit } from "../../socket-calls.ts";
import { openStore, type Store } from "../../store/open-store.ts";
import { startTestBackend, type TestBackend, type TestUser } from "../../test-backend.ts";

type Socket = Awaited<ReturnType<TestBackend["connect"]>>;

let backend: TestBackend;
let store: Store;
let owner: TestUser;
let peer: TestUser;
/** Two users who are in none of the rooms. */
const outsiders = {} as Record<"user" | "admin", TestUser>;
const outsiderSockets = {} as Record<"user" | "admin", Socket>;
let ownerSocket: Socket;
/** What the owner's connection was sent. */
const received: { readonly event: string; readonly payload: { readonly room?: string } }[] = [];

beforeAll(async () => {
  backend = await startTestBackend();
  store = await openStore(backend.config);
  [owner, peer] = [await backend.registerUser(), await backend.registerUser()];
  ownerSocket = await backend.connect(owner.accessToken);
  ownerSocket.onAny((event, payload) => received.push({ event, payload }));
  for (const role of ["user", "admin"] as const) outsiders[role] = await backend.registerUser();
  const meta = { user: { id: owner.id, roles: ROLES, sid: sidOf(owner.accessToken) } };
  await backend.broker.call("users.setRole", { id: outsiders.admin.id, role: "admin" }, { meta });
  for (const role of ["user", "admin"] as const) {
    outsiderSockets[role] = await backend.connect(outsiders[role].accessToken);
  }
});
afterAll(async () => {
  await store.close();
  await backend.stop();
});

const newKey = () => `~${randomBytes(16).toString("base64url")}`;

/** Opens a room of the owner and the peer with one message of the owner. Returns its key. */
async function openRoom(kind: "private" | "direct"): Promise<string> {
  const key = newKey();
  const isDirect = kind === "direct";
  const room = { key, kind, title: isDirect ? null : "Plans", openedBy: owner.id, at: Date.now() };
  await store.rooms.open(room, [
    { id: owner.id, role: isDirect ? "member" : "owner", peerId: isDirect ? peer.id : null },
    { id: peer.id, role: "member", peerId: isDirect ? owner.id : null },
  ]);
  const sid = sidOf(owner.accessToken);
  const message = { room: key, authorId: owner.id, sid, clientId: key, text: "secret", at: Date.now() };
  await store.messages.append(message, () => undefined);
  return key;
}

/** Everything that a call can change about a room. */
const stored = async (key: string) => [
  await Promise.all([owner, peer, ...Object.values(outsiders)].map(({ id }) => store.rooms.findStanding(key, id))),
  await store.messages.after(key, 0, 10),
  await store.reports.listOpen(1000),
];

const isRoomCall = ({ params }: (typeof socketEntries)[number]) => "room" in params;
const roomCalls = socketEntries.filter(isRoomCall);

test("the calls about a room are found in the surface", () => {
  expect(roomCalls.length).toBeGreaterThanOrEqual(19);
});

test.each([
  ["private", "user"],
  ["private", "admin"],
  ["direct", "user"],
  ["direct", "admin"],
] as const)(
  "each call about a %s room that the caller (%s) is not in responds as if there were none",
  async (kind, role) => {
    const outsider = outsiders[role];
    for (const { action, params } of roomCalls) {
      const key = await openRoom(kind);
      expect((await emit(ownerSocket, "call", "chat.join", { room: key })).error).toBeNull();
      // valid except for the room, so that nothing else rejects the call
      const valid = {
        ...goodParams(action, params, outsider, action === "chat.invite" ? outsider : peer),
        ...("seq" in params && { seq: 1 }),
        ...("role" in params && { role: "moderator" }),
      };
      const call = (socket: Socket, room: string) => emit(socket, "call", action, { ...valid, room });
      const [before, receivedBefore] = [await stored(key), received.length];
      const nowhere = newKey();
      const response = JSON.stringify(await call(outsiderSockets[role], key));
      const responseNowhere = JSON.stringify(await call(outsiderSockets[role], nowhere));

      expect([action, response.replaceAll(key, "")]).toEqual([action, responseNowhere.replaceAll(nowhere, "")]);
      const notFound = { error: { code: "NOT_FOUND" } };
      const expected = action === "chat.leave" ? { error: null, result: { room: key } } : notFound;
      expect([action, JSON.parse(response)]).toMatchObject([action, expected]);
      expect([action, await stored(key)]).toEqual([action, before]);

      // the same call reaches the room when a member sends it; its response comes after any event that the outsider
      // caused
      const { error } = await call(ownerSocket, key);
      expect([action, error?.code, error?.field]).not.toEqual([action, "NOT_FOUND", undefined]);
      const events = received.slice(receivedBefore).map((one) => JSON.stringify(one));
      const caused = events.filter((event) => event.includes(key) && event.includes(outsider.id));
      expect([action, caused]).toEqual([action, []]);
    }
  },
);

test("every parameter that takes the key of a room is named `room`, so that the test above covers its call", async () => {
  const others = socketEntries.flatMap(({ action, params }) =>
    Object.entries(params)
      .filter(([name, param]) => name !== "room" && (param.refuses ?? []).includes("ROOM_NAME"))
      .map(([name]) => `${action} ${name}`),
  );
  // these list the caller's own rooms and public rooms, and name a new public room
  expect(others).toEqual(["chat.rooms after", "chat.browse prefix", "chat.browse after", "chat.create title"]);
  const key = await openRoom("private");
  for (const params of [{}, { prefix: key }, { prefix: "~" }, { after: key }, { after: "~" }]) {
    for (const action of ["chat.browse", "chat.rooms"]) {
      const { result } = await emit(outsiderSockets.admin, "call", action, params);
      expect([action, params, JSON.stringify(result ?? null).includes(key)]).toEqual([action, params, false]);
    }
  }
  expect((await emit(outsiderSockets.admin, "call", "chat.create", { kind: "public", title: key })).error?.code).toBe(
    "ROOM_NAME",
  );
});
