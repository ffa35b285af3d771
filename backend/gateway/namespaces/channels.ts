import { refuse } from "../../contract/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { RecentKeys } from "../recent.ts";
import { channelGroup, type LocalSockets } from "../sockets/local-sockets.ts";
import type { IoContext } from "./moleculer-io.ts";

/** Maximum characters of a channel's name. */
const MAX_NAME_LENGTH = 128;

/** The channels of one namespace on this node. A socket joins and leaves them by `$join` and `$leave` of an action. */
export class NamespaceChannels {
  readonly #sockets: LocalSockets;
  readonly #maxChannels: number;
  /** Users that were removed from channels lately, by `keyOf`. */
  readonly #removed = new RecentKeys();

  /** `maxChannels` is for each socket. */
  constructor(sockets: LocalSockets, maxChannels: number) {
    this.#sockets = sockets;
    this.#maxChannels = maxChannels;
  }

  /**
   * Leaves the channels that an action has named, then joins the ones that it has named: all of them, or none. Throws
   * FORBIDDEN where the user was removed from one of them after the call began, and RATE_LIMITED where the socket would
   * be in too many.
   */
  applyCall({ meta, locals }: IoContext, socket: GatewaySocket): void {
    const [left, joined] = [namesOf(meta.$leave), namesOf(meta.$join)];
    for (const channel of left) void socket.leave(channelGroup(channel));
    this.#join(socket, joined, locals.begun ?? 0);
  }

  /** Removes the sockets of a user from a channel. */
  remove(channel: string, user: string): void {
    this.#removed.add(keyOf(channel, user));
    for (const socket of this.#sockets.ofUser(user)) void socket.leave(channelGroup(channel));
  }

  /** Removes all sockets from all channels. Returns those that were in one, or have a call that may join one. */
  removeAll(): readonly GatewaySocket[] {
    const concerned = this.#sockets.all().filter((socket) => socket.data.runningCalls || channelsOf(socket).length > 0);
    for (const socket of concerned) for (const group of channelsOf(socket)) void socket.leave(group);
    return concerned;
  }

  /** Checks all channels, then joins them, without a pause in which a user could be removed from one. */
  #join(socket: GatewaySocket, channels: readonly string[], begun: number): void {
    const { identity, isMoving } = socket.data;
    const added = new Set(channels.filter((channel) => !socket.rooms.has(channelGroup(channel))));
    // a socket that is about to be closed joins nothing
    if (added.size === 0 || isMoving) return;
    for (const channel of added)
      if (identity && this.#removed.has(keyOf(channel, identity.user.id), begun)) throw refuse("FORBIDDEN");
    if (channelsOf(socket).length + added.size > this.#maxChannels) throw refuse("RATE_LIMITED", { retryAfter: 10 });
    void socket.join([...added].map(channelGroup));
  }
}

/** The groups of the channels that a socket is in. */
const channelsOf = ({ rooms }: GatewaySocket): readonly string[] =>
  [...rooms].filter((group) => group.startsWith(channelGroup("")));

const keyOf = (channel: string, user: string): string => `${user} ${channel}`;

/** The channels in `$join` or `$leave`: one name, several, or none. Throws for a value that is no name. */
function namesOf(named: unknown): readonly string[] {
  if (named === undefined) return [];
  const channels: readonly unknown[] = Array.isArray(named) ? named : [named];
  for (const channel of channels) checkChannelName(channel);
  return channels as readonly string[];
}

/** Throws where a service gives an invalid name of a channel. */
export function checkChannelName(channel: unknown): void {
  if (typeof channel === "string" && channel.length > 0 && channel.length <= MAX_NAME_LENGTH) return;
  const given = typeof channel === "string" ? `a text of ${channel.length} characters` : typeof channel;
  throw new Error(`A service names a channel by ${given}; give a text of 1 to ${MAX_NAME_LENGTH} characters.`);
}
