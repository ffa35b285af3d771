import type { Presence, PresenceNews } from "../../chat/presence.ts";
import { ROOMS_MAX, roomKey } from "../../chat/room.ts";
import { type Audience, type Events, type ResultOf, refuse } from "../../contract/index.ts";
import type { NodeChannel } from "../../nodes/index.ts";
import { encodeEvent, send } from "../internals/packets.ts";
import type { GatewayIo, GatewaySocket } from "./gateway-socket.ts";
import type { RoomPositions } from "./room-positions.ts";
import type { SocketEvent } from "./socket-event.ts";

// Every socket is in a room named after its own id: chat rooms must not be able to have that name.
export const roomOf = (name: string): string => `room:${name}`;
export const sessionOf = (sid: string): string => `session:${sid}`;
export const userOf = (id: string): string => `user:${id}`;

/** Rooms that one socket may listen to: as many as its user may be in, and as many direct ones. */
const MAX_ROOMS = 2 * ROOMS_MAX.joined;
/** What is longer is no name of a room: it is not even normalized. */
const NAME_LENGTH = 64;
/** Broadcasts kept for one join under way; a join that takes longer than this many starts again. */
const MAX_HELD = 1000;

/**
 * Which sockets of this node hear what. Sockets enter and leave rooms only by what `chat.join` and `chat.leave`
 * answered.
 */
export interface FanOut {
  /** Sends an event to those of its audience whose sockets are on this node. */
  broadcast(event: SocketEvent): void;
  /** Sends each socket of this node one packet with the presence of all users that it may know of. */
  tell(news: readonly PresenceNews[]): void;
  /** Takes the sockets of a user who left a room out of it, including those that are about to enter. */
  expel(left: Events["chat.left"]): void;
  /** `room` is what the client calls it. */
  join(socket: GatewaySocket, room: unknown, run: () => Promise<unknown>): Promise<unknown>;
  leave(socket: GatewaySocket, run: () => Promise<unknown>): Promise<unknown>;
  /**
   * Broadcasts to these rooms, or to any, may not have come to this node. A client that is joining may lack them: its
   * room is compared with the database when it has joined.
   */
  doubt(rooms?: Iterable<string>): void;
  /** No socket is in the room any more. */
  emptied(room: string): void;
}

/** Which rooms this node receives from other nodes; undefined where there are none. */
export type RoomListening = Pick<NodeChannel, "listen" | "unlisten"> | undefined;

/** A join under way: who joins, what was said to the room meanwhile, and whether they were put out of it. */
interface Join {
  readonly user: string | undefined;
  readonly held: SocketEvent[];
  readonly left: Events["chat.left"][];
  /** Whether a broadcast to the room may have been lost since the join began. */
  isDoubtful: boolean;
}

/** `compareSoon` compares rooms with the database in a moment. */
export function createFanOut(
  io: () => GatewayIo | undefined,
  positions: RoomPositions,
  compareSoon: (rooms: Iterable<string>) => void,
  listening?: RoomListening,
): FanOut {
  /** Of each room. */
  const joins = new Map<string, Set<Join>>();
  /**
   * The room's revision at which each socket's user became a member of it: an older end does not concern a newer
   * membership.
   */
  const since = new WeakMap<GatewaySocket, Map<string, number>>();

  /**
   * The ids of this node's sockets that an event goes to: those of a room, of users or of both, else all; each once.
   */
  function audience({
    room,
    users,
    except,
  }: { readonly [K in keyof Audience]: Audience[K] | undefined }): Iterable<string> {
    const { sockets, adapter } = io()?.of("/") ?? {};
    if (!sockets || !adapter) return [];
    const inRoom = (name: string): Iterable<string> => adapter.rooms.get(name) ?? [];
    const rooms = [...(room === undefined ? [] : [roomOf(room)]), ...(users ?? []).map(userOf)];
    const [only] = rooms;
    if (only !== undefined && rooms.length === 1 && except === undefined) return inRoom(only);
    const ids = new Set<string>();
    for (const id of room === undefined && users === undefined ? sockets.keys() : []) ids.add(id);
    for (const name of rooms) for (const id of inRoom(name)) ids.add(id);
    if (except !== undefined) for (const id of inRoom(userOf(except))) ids.delete(id);
    return ids;
  }

  function emptied(room: string, wasUsed = true): void {
    if (!joins.has(room)) listening?.unlisten(room, wasUsed);
  }

  return {
    broadcast(event) {
      if (!positions.isNew(event)) return;
      const { sockets } = io()?.of("/") ?? {};
      for (const id of audience(event)) {
        const socket = sockets?.get(id);
        if (socket) send(socket, event.encoded());
      }
      if (event.room === undefined) return;
      for (const { held } of joins.get(event.room) ?? []) {
        if (held.length > MAX_HELD) continue;
        event.encoded(); // while what it is made of is valid
        held.push(event);
      }
    },

    expel(left) {
      for (const join of joins.get(left.room) ?? []) if (join.user === left.user) join.left.push(left);
      const { sockets, adapter } = io()?.of("/") ?? {};
      for (const id of adapter?.rooms.get(userOf(left.user)) ?? []) {
        const socket = sockets?.get(id);
        if (socket && (since.get(socket)?.get(left.room) ?? 0) < left.revision) void socket.leave(roomOf(left.room));
      }
    },

    tell(news) {
      const byReader = new Map<string, Presence[]>();
      const { sockets, adapter } = io()?.of("/") ?? {};
      for (const { presence, rooms } of news) {
        const readers = new Set(rooms.flatMap((room) => [...(adapter?.rooms.get(roomOf(room)) ?? [])]));
        for (const reader of readers) {
          const users = byReader.get(reader);
          if (users) users.push(presence);
          else byReader.set(reader, [presence]);
        }
      }
      for (const [reader, users] of byReader) {
        const socket = sockets?.get(reader);
        if (socket) send(socket, encodeEvent("presence", { users }));
      }
    },

    async join(socket, name, run) {
      if (socket.rooms.size > MAX_ROOMS) throw refuse("TOO_MANY_ROOMS");
      const key = roomKey(typeof name === "string" && name.length <= NAME_LENGTH ? name : "");
      if (!key.ok) return run(); // which says what is wrong with it
      // what is sent between the action's look at the history and our joining the room would be lost: it is held and
      // told after
      const join: Join = { user: socket.data.identity?.user.id, held: [], left: [], isDoubtful: false };
      const { user, held, left } = join;
      const others = joins.get(key.value) ?? new Set();
      joins.set(key.value, others.add(join));
      try {
        // what other nodes send after the action's look at the history has to come here
        const listens = listening?.listen(key.value);
        if (listens) await listens;
        const state = (await run()) as ResultOf<"chat.join">;
        if (state.room !== key.value) throw new Error("invariant: a room has one key");
        const room = roomOf(state.room);
        const isIn = socket.rooms.has(room);
        if (held.length > MAX_HELD) throw refuse("UNAVAILABLE", { retryAfter: 1 });
        // the user was put out after the action had checked: the socket must not stay in the room
        if (left.some(({ revision }) => revision > state.since)) throw refuse("NOT_FOUND", { field: "room" });
        const seats = since.get(socket) ?? new Map<string, number>();
        since.set(socket, seats.set(state.room, state.since));
        await socket.join(room);
        if (!socket.rooms.has(room)) return state; // the client has disconnected
        positions.entered(state, held);
        if (join.isDoubtful) compareSoon([state.room]);
        if (isIn) return state;
        for (const event of held) if (isNews(event, state) && event.except !== user) send(socket, event.encoded());
        return state;
      } finally {
        others.delete(join);
        if (others.size === 0) joins.delete(key.value);
        if (!io()?.of("/").adapter.rooms.has(roomOf(key.value))) emptied(key.value, false);
      }
    },

    async leave(socket, run) {
      const answer = (await run()) as ResultOf<"chat.leave">;
      await socket.leave(roomOf(answer.room));
      return answer;
    },

    doubt(rooms = joins.keys()) {
      for (const room of rooms) for (const join of joins.get(room) ?? []) join.isDoubtful = true;
    },

    emptied,
  };
}

/** Whether an event of the room came after the state that the client gets. */
function isNews({ kind, position }: SocketEvent, state: ResultOf<"chat.join">): boolean {
  if (kind === "message") return position > state.seq;
  return kind !== "changed" || position > state.revision;
}
