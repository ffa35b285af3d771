import type { Digest } from "../../contract/index.ts";
import { type EncodedPacket, encodeEvent, send } from "../internals/packets.ts";
import type { ChannelPositions } from "./channel-positions.ts";
import { channelGroup, type LocalSockets, userGroup } from "./local-sockets.ts";
import type { SocketEvent } from "./socket-event.ts";
import type { ChannelSubscriptions } from "./subscriptions.ts";

/** Sends events to the sockets of this node. */
export class FanOut {
  readonly #sockets: LocalSockets;
  readonly #positions: ChannelPositions;
  readonly #subscriptions: ChannelSubscriptions;

  constructor(sockets: LocalSockets, positions: ChannelPositions, subscriptions: ChannelSubscriptions) {
    this.#sockets = sockets;
    this.#positions = positions;
    this.#subscriptions = subscriptions;
  }

  /** Sends an event to the sockets of its audience, unless it was sent already. */
  send(event: SocketEvent): void {
    // also what was sent already: a client that is subscribing may have read the database before the event was stored
    if (event.channel !== undefined) this.#subscriptions.hold(event.channel, event);
    if (!this.#positions.isNew(event)) return;
    let packet: EncodedPacket | undefined;
    for (const id of this.#audience(event)) {
      const socket = this.#sockets.get(id);
      if (!socket) continue;
      packet ??= event.encoded();
      send(socket, packet);
    }
  }

  /** Sends each socket one packet with the values of all its channels. */
  sendDigest({ event, field, items }: Digest): void {
    const bySocket = new Map<string, object[]>();
    for (const { value, channels } of items) {
      const ids = new Set(channels.flatMap((channel) => [...(this.#sockets.idsIn(channelGroup(channel)) ?? [])]));
      for (const id of ids) {
        const values = bySocket.get(id);
        if (values) values.push(value);
        else bySocket.set(id, [value]);
      }
    }
    for (const [id, values] of bySocket) {
      const socket = this.#sockets.get(id);
      if (socket) send(socket, encodeEvent(event, { [field]: values }));
    }
  }

  /** The ids of the sockets that get an event, each once: in the channel, or of one of the users, without `except`. */
  #audience({ channel, users, except }: SocketEvent): Iterable<string> {
    const groups = [...(channel === undefined ? [] : [channelGroup(channel)]), ...(users ?? []).map(userGroup)];
    const [only] = groups;
    if (only !== undefined && groups.length === 1 && except === undefined) return this.#sockets.idsIn(only) ?? [];
    const ids = new Set(channel === undefined && users === undefined ? this.#sockets.ids() : []);
    for (const group of groups) for (const id of this.#sockets.idsIn(group) ?? []) ids.add(id);
    if (except !== undefined) for (const id of this.#sockets.idsIn(userGroup(except)) ?? []) ids.delete(id);
    return ids;
  }
}
