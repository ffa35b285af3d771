import { type Broadcast, ClientError, type ResultOf } from "../contract/index.ts";
import type { Presence, PresenceNews } from "../domain/presence.ts";
import { emits } from "../surface.ts";
import type { GatewayIo, GatewaySocket } from "./gateway-socket.ts";

// Every socket is in a room named after its own id: chat rooms must not be able to have that name.
export const roomOf = (name: string): string => `room:${name}`;
export const sessionOf = (sid: string): string => `session:${sid}`;
export const userOf = (id: string): string => `user:${id}`;

/** Rooms that one socket may be in. */
const MAX_ROOMS = 100;
/** Broadcasts kept for one join under way; a join that takes longer than this many starts again. */
const MAX_HELD = 1000;

/** Which sockets of this node hear what. Sockets enter and leave rooms only by what `chat.join` and `chat.leave` answered. */
export interface FanOut {
  /** To those of the audience whose sockets are on this node. */
  broadcast(event: Broadcast): void;
  /** Each socket of this node hears in one packet of all whom it may hear of. */
  tell(news: readonly PresenceNews[]): void;
  join(socket: GatewaySocket, run: () => Promise<unknown>): Promise<unknown>;
  leave(socket: GatewaySocket, run: () => Promise<unknown>): Promise<unknown>;
}

export function createFanOut(io: () => GatewayIo | undefined): FanOut {
  const joins = new Set<Broadcast[]>();

  return {
    broadcast(event) {
      if (!emits.some((name) => name === event.event)) throw new Error(`The surface emits no ${event.event}.`);
      const { room, users, except } = event;
      let target = io()?.local;
      if (room !== undefined) target = target?.to(roomOf(room));
      if (users !== undefined) target = target?.to(users.map(userOf));
      if (except !== undefined) target = target?.except(userOf(except));
      target?.emit(event.event, event.payload);
      if (event.room !== undefined) for (const held of joins) if (held.length <= MAX_HELD) held.push(event);
    },

    tell(news) {
      const letters = new Map<string, Presence[]>();
      const { sockets, adapter } = io()?.of("/") ?? {};
      for (const { presence, rooms } of news) {
        const readers = new Set(rooms.flatMap((room) => [...(adapter?.rooms.get(roomOf(room)) ?? [])]));
        for (const reader of readers) {
          const letter = letters.get(reader);
          if (letter) letter.push(presence);
          else letters.set(reader, [presence]);
        }
      }
      for (const [reader, users] of letters) sockets?.get(reader)?.emit("presence", { users });
    },

    async join(socket, run) {
      if (socket.rooms.size > MAX_ROOMS)
        throw new ClientError(409, "TOO_MANY_ROOMS", "This connection is in too many rooms.");
      // what is sent between the action's look at the history and our joining the room would be lost: it is held and told after
      const held: Broadcast[] = [];
      joins.add(held);
      try {
        const state = (await run()) as ResultOf<"chat.join">;
        const room = roomOf(state.room);
        const isIn = socket.rooms.has(room);
        if (held.length > MAX_HELD)
          throw new ClientError(503, "UNAVAILABLE", "Too much is going on.", { retryAfter: 1 });
        await socket.join(room);
        const user = socket.data.identity?.user.id;
        if (!isIn) {
          for (const event of held)
            if (isNews(event, state) && event.except !== user) socket.emit(event.event, event.payload);
        }
        return state;
      } finally {
        joins.delete(held);
      }
    },

    async leave(socket, run) {
      const left = (await run()) as ResultOf<"chat.leave">;
      await socket.leave(roomOf(left.room));
      return left;
    },
  };
}

/** Whether an event is of the room and came after the state that the client gets. */
function isNews(event: Broadcast, state: ResultOf<"chat.join">): boolean {
  if (event.room !== state.room) return false;
  return event.event !== "message" || event.payload.seq > state.seq;
}
