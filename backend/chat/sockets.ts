import { refuse } from "../contract/index.ts";
import type { ChannelPosition, OpenSocket, SocketFeature } from "../gateway/index.ts";
import { channelOf, roomOf } from "./channel.ts";
import type { LocalPresence } from "./local-presence.ts";
import { type MissedStore, sendMissed } from "./missed-messages.ts";
import type { DeviceState } from "./presence.ts";
import { checkRoomKey } from "./room.ts";

/** Maximum length of a room's name or key, in UTF-16 code units. A longer text is not even normalized. */
const MAX_NAME_LENGTH = 64;

export interface ChatSocketParts {
  readonly presence: LocalPresence;
  readonly store: MissedStore;
}

/** What the chat does with the sockets of this node: a room is a channel, and a socket is a device of its user. */
export function chatSockets({ presence, store }: ChatSocketParts): SocketFeature {
  /** Ids of the open sockets that are away. */
  const away = new Set<string>();
  const stateOf = (socket: OpenSocket): DeviceState => (away.has(socket.id) ? "away" : "online");
  const setState = (socket: OpenSocket, state: DeviceState) =>
    state === "away" ? away.add(socket.id) : away.delete(socket.id);

  return {
    name: "chat",
    calls: {
      "chat.join": {
        readsHistory: true,
        subscribes: {
          channelOf: ({ room }) => channelNamed(room),
          subscriptionOf: ({ room, epoch, seq, revision, since, more }) => ({
            ...{ channel: channelOf(room), epoch, seq, revision, since, isPartial: more === true },
          }),
          refusal: (why) => (why === "too-many" ? refuse("TOO_MANY_ROOMS") : refuse("NOT_FOUND", { field: "room" })),
        },
      },
      "chat.history": { readsHistory: true },
      "chat.search": { readsHistory: true },
      "chat.leave": { unsubscribes: ({ room }) => channelOf(room) },
      "chat.setPresence": {
        succeeded(socket, { state }) {
          const before = stateOf(socket);
          setState(socket, state);
          presence.socketOpened(socket.user.id, state);
          presence.socketClosed(socket.user.id, before);
        },
      },
    },
    opened(socket, { state }) {
      setState(socket, state === "away" ? "away" : "online");
      presence.socketOpened(socket.user.id, stateOf(socket));
    },
    closed(socket) {
      presence.socketClosed(socket.user.id, stateOf(socket));
      away.delete(socket.id);
    },
    draining: () => presence.stop(),
    async sendMissed(known, broadcastHere) {
      const positions = known.map(({ channel, ...position }) => ({ room: roomOf(channel), ...position }));
      const read = await sendMissed(store, broadcastHere, positions);
      return read.map(({ room, ...position }): ChannelPosition => ({ channel: channelOf(room), ...position }));
    },
  };
}

/** The channel of the room that a client names; undefined where no room can have the name. */
function channelNamed(room: unknown): string | undefined {
  if (typeof room !== "string" || room.length > MAX_NAME_LENGTH) return undefined;
  const key = checkRoomKey(room);
  return key.ok ? channelOf(key.value) : undefined;
}
