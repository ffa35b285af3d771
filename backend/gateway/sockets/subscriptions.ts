import { refuse, type Unsubscription } from "../../contract/index.ts";
import type { NodeChannel } from "../../nodes/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { send } from "../internals/packets.ts";
import type { ChannelPositions } from "./channel-positions.ts";
import { channelGroup, type LocalSockets, userGroup } from "./local-sockets.ts";
import type { SocketEvent } from "./socket-event.ts";
import type { SocketFeature, SubscribingCall, Subscription } from "./socket-feature.ts";

/** Groups that one socket may be in: its own, its session's, its user's, and the rest channels. */
const MAX_GROUPS = 200;
/** Events that are held for one subscription under way; a call that takes longer than this many has to be repeated. */
const MAX_HELD = 1000;

/** Which channels this node receives from other nodes; undefined where there are none. */
export type ChannelListening = Pick<NodeChannel, "listen" | "unlisten"> | undefined;

/** A subscription under way. */
interface PendingSubscription {
  readonly user: string | undefined;
  /** What was sent to the channel meanwhile. */
  readonly held: SocketEvent[];
  /** Entries and changes that are held: a comparison may send one again. */
  readonly heldNames: Set<string>;
  /** Unsubscriptions of the user meanwhile. */
  readonly ended: Unsubscription[];
  /** Whether a broadcast to the channel may have been lost meanwhile. */
  isDoubtful: boolean;
}

/**
 * Which sockets of this node hear which channel. A socket subscribes and unsubscribes only by the result of a call that
 * its feature has declared.
 */
export class ChannelSubscriptions {
  readonly #sockets: LocalSockets;
  readonly #positions: ChannelPositions;
  readonly #compareSoon: (channels: Iterable<string>) => void;
  readonly #listening: ChannelListening;
  /** By channel. */
  readonly #pending = new Map<string, Set<PendingSubscription>>();
  /** The revision from which each socket's user may hear a channel. */
  readonly #since = new WeakMap<GatewaySocket, Map<string, number>>();

  /** `compareSoon` compares channels with the database in a moment. */
  constructor(
    sockets: LocalSockets,
    positions: ChannelPositions,
    compareSoon: (channels: Iterable<string>) => void,
    listening: ChannelListening,
  ) {
    this.#sockets = sockets;
    this.#positions = positions;
    this.#compareSoon = compareSoon;
    this.#listening = listening;
  }

  /**
   * Runs a call that subscribes its socket. What is sent to the channel between the call's look at the database and the
   * subscription would be lost: it is held, and sent afterwards.
   */
  async subscribe(
    socket: GatewaySocket,
    feature: SocketFeature,
    call: SubscribingCall<unknown>,
    params: Readonly<Record<string, unknown>>,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    if (socket.rooms.size > MAX_GROUPS) throw call.refusal("too-many");
    const channel = call.channelOf(params);
    if (channel === undefined) return run(); // which says what is wrong with the parameters
    if (!channel.startsWith(`${feature.name}:`))
      throw new Error(`invariant: ${feature.name} has no channel ${channel}`);
    const pending: PendingSubscription = {
      user: socket.data.identity?.user.id,
      held: [],
      heldNames: new Set(),
      ended: [],
      isDoubtful: false,
    };
    const others = this.#pending.get(channel) ?? new Set();
    this.#pending.set(channel, others.add(pending));
    try {
      // what other nodes send after the call's look at the database has to arrive here
      const listens = this.#listening?.listen(channel);
      if (listens) await listens;
      const result = await run();
      const subscription = call.subscriptionOf(result);
      if (subscription.channel !== channel) throw new Error("invariant: parameters and result name one channel");
      await this.#add(socket, subscription, pending, call, feature.sendMissed !== undefined);
      return result;
    } finally {
      others.delete(pending);
      if (others.size === 0) this.#pending.delete(channel);
      if (!this.#sockets.idsIn(channelGroup(channel))) this.emptied(channel, false);
    }
  }

  async #add(
    socket: GatewaySocket,
    subscription: Subscription,
    pending: PendingSubscription,
    call: SubscribingCall<unknown>,
    isCompared: boolean,
  ): Promise<void> {
    const { channel, since } = subscription;
    const { user, held, ended } = pending;
    const group = channelGroup(channel);
    const isIn = socket.rooms.has(group);
    if (held.length > MAX_HELD) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    // the user's access ended after the call had looked
    if (ended.some(({ revision }) => revision > since)) throw call.refusal("ended");
    const known = this.#since.get(socket) ?? new Map<string, number>();
    this.#since.set(socket, known.set(channel, since));
    await socket.join(group);
    if (!socket.rooms.has(group)) return; // the client has disconnected
    if (isCompared) this.#positions.subscribed(subscription, held);
    if (isCompared && pending.isDoubtful) this.#compareSoon([channel]);
    if (isIn) return;
    for (const event of held) if (isNewer(event, subscription) && event.except !== user) send(socket, event.encoded());
  }

  async unsubscribe(socket: GatewaySocket, channel: string): Promise<void> {
    this.#since.get(socket)?.delete(channel);
    await socket.leave(channelGroup(channel));
  }

  /** Ends the subscriptions of a user's sockets, those under way included. */
  end(unsubscription: Unsubscription): void {
    const { channel, user, revision } = unsubscription;
    for (const pending of this.#pending.get(channel) ?? [])
      if (pending.user === user) pending.ended.push(unsubscription);
    for (const id of this.#sockets.idsIn(userGroup(user)) ?? []) {
      const socket = this.#sockets.get(id);
      if (socket && (this.#since.get(socket)?.get(channel) ?? 0) < revision) void this.unsubscribe(socket, channel);
    }
  }

  /**
   * Broadcasts to these channels, or to any, may not have come to this node. A client whose subscription is under way
   * may lack them: its channel is compared with the database when it has subscribed.
   */
  doubt(channels: Iterable<string> = this.#pending.keys()): void {
    for (const channel of channels) for (const pending of this.#pending.get(channel) ?? []) pending.isDoubtful = true;
  }

  /** Keeps an event for the subscriptions to its channel that are under way. */
  hold(channel: string, event: SocketEvent): void {
    const pending = this.#pending.get(channel);
    if (!pending) return;
    const { kind, epoch, position } = event;
    const name = kind === "entry" || kind === "change" ? `${kind} ${epoch} ${position}` : undefined;
    for (const { held, heldNames } of pending) {
      if (held.length > MAX_HELD || (name !== undefined && heldNames.has(name))) continue;
      if (name !== undefined) heldNames.add(name);
      event.encoded(); // while what it is made of is valid
      held.push(event);
    }
  }

  /** No socket hears the channel: any more, or after a subscription that was refused (`wasUsed` is false). */
  emptied(channel: string, wasUsed = true): void {
    if (!this.#pending.has(channel)) this.#listening?.unlisten(channel, wasUsed);
  }
}

/** Whether an event came after the position that the client gets. */
function isNewer({ kind, position }: SocketEvent, { seq, revision }: Subscription): boolean {
  if (kind === "entry") return position > seq;
  return kind !== "change" || position > revision;
}
