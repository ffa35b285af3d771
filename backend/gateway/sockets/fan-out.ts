import type { Digest } from "../../contract/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { type EncodedPacket, encodeEvent, send } from "../internals/packets.ts";
import type { ChannelPositions } from "./channel-positions.ts";
import type { LocalSockets } from "./local-sockets.ts";
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
    if (!this.#positions.recordEvent(event)) return;
    const { channel, users, except } = event;
    let packet: EncodedPacket | undefined;
    const sendTo = (socket: GatewaySocket | undefined) => {
      if (!socket) return;
      packet ??= event.encoded();
      send(socket, packet);
    };
    // most events go to one channel: no list of its sockets is made
    if (channel !== undefined && users === undefined && except === undefined) {
      for (const id of this.#sockets.idsInChannel(channel) ?? []) sendTo(this.#sockets.get(id));
    } else for (const socket of this.#audience(event)) sendTo(socket);
  }

  /** Sends each socket one packet with the values of all its channels. */
  sendDigest({ event, field, items }: Digest): void {
    const bySocket = new Map<string, object[]>();
    for (const { value, channels } of items) {
      const ids = new Set(channels.flatMap((channel) => [...(this.#sockets.idsInChannel(channel) ?? [])]));
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

  /** The sockets that get an event, each once: in the channel, or of one of the users, and not of `except`. */
  #audience({ channel, users, except }: SocketEvent): Iterable<GatewaySocket> {
    const sockets = new Set(channel === undefined && users === undefined ? this.#sockets.all() : []);
    if (channel !== undefined) for (const socket of this.#sockets.inChannel(channel)) sockets.add(socket);
    for (const user of users ?? []) for (const socket of this.#sockets.ofUser(user)) sockets.add(socket);
    if (except !== undefined) for (const socket of this.#sockets.ofUser(except)) sockets.delete(socket);
    return sockets;
  }
}
