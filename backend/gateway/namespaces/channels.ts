import { refuse } from "../../contract/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { Recent } from "../recent.ts";
import { channelGroup, type LocalSockets, userGroup } from "../sockets/local-sockets.ts";
import type { IoContext } from "./moleculer-io.ts";

/** Characters of a channel's name. */
const MAX_NAME = 128;

/** The channels of one namespace on this node. Sockets join and leave them by calls whose actions say so. */
export class NamespaceChannels {
  readonly #sockets: LocalSockets;
  readonly #maxChannels: number;
  /** Users that were removed from channels, by both. */
  readonly #removed = new Recent();

  /** `maxChannels` is for each socket. */
  constructor(sockets: LocalSockets, maxChannels: number) {
    this.#sockets = sockets;
    this.#maxChannels = maxChannels;
  }

  /**
   * Joins and leaves the channels that an action has named. Throws FORBIDDEN where the user was removed from a channel
   * after the call began, and RATE_LIMITED where the socket would be in too many.
   */
  after({ meta, locals }: IoContext, socket: GatewaySocket): void {
    for (const channel of namesOf(meta.$leave)) void socket.leave(channelGroup(channel));
    for (const channel of namesOf(meta.$join)) this.#join(socket, channel, locals.begun ?? 0);
  }

  /** Removes the sockets of a user from a channel. */
  remove(channel: string, user: string): void {
    this.#removed.add(keyOf(channel, user));
    for (const socket of this.#sockets.in(userGroup(user))) void socket.leave(channelGroup(channel));
  }

  /** Takes all sockets out of all channels; returns those that were in one, or may be about to join one. */
  clear(): readonly GatewaySocket[] {
    const concerned = this.#sockets.all().filter((socket) => socket.data.calls || channelsOf(socket).length > 0);
    for (const socket of concerned) for (const group of channelsOf(socket)) void socket.leave(group);
    return concerned;
  }

  /** At once, so that nothing can happen between the check and the joining. */
  #join(socket: GatewaySocket, channel: string, begun: number): void {
    const { identity } = socket.data;
    const group = channelGroup(channel);
    // a socket that is about to be closed joins nothing any more
    if (socket.rooms.has(group) || socket.data.isMoving) return;
    if (identity && this.#removed.has(keyOf(channel, identity.user.id), begun)) throw refuse("FORBIDDEN");
    if (channelsOf(socket).length >= this.#maxChannels) throw refuse("RATE_LIMITED", { retryAfter: 10 });
    void socket.join(group);
  }
}

/** The groups of the channels that a socket is in. */
const channelsOf = ({ rooms }: GatewaySocket): readonly string[] =>
  [...rooms].filter((group) => group.startsWith(channelGroup("")));

const keyOf = (channel: string, user: string): string => `${user} ${channel}`;

/** What an action has named: one channel, several, or none. Throws for anything that is no name. */
function namesOf(named: unknown): readonly string[] {
  if (named === undefined) return [];
  const channels: readonly unknown[] = Array.isArray(named) ? named : [named];
  for (const channel of channels) checkChannelName(channel);
  return channels as readonly string[];
}

/** Throws where a service names a channel by anything but a text of a few characters. */
export function checkChannelName(channel: unknown): void {
  if (typeof channel === "string" && channel.length > 0 && channel.length <= MAX_NAME) return;
  const given = typeof channel === "string" ? `a text of ${channel.length} characters` : typeof channel;
  throw new Error(`A service names a channel by ${given}; give a text of 1 to ${MAX_NAME} characters.`);
}
