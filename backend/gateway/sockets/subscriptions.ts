import { refuse, type Unsubscription } from "../../contract/index.ts";
import type { NodeChannel } from "../../nodes/index.ts";
import type { GatewaySocket } from "../gateway-socket.ts";
import { send } from "../internals/packets.ts";
import type { ChannelPositions } from "./channel-positions.ts";
import { channelGroup, type LocalSockets } from "./local-sockets.ts";
import type { SocketEvent } from "./socket-event.ts";
import type { SocketFeature, SubscribingCall, Subscription } from "./socket-feature.ts";

/** Maximum number of channels of one socket. */
const MAX_CHANNELS = 198;
/** Maximum number of events that are held for one running subscription; with more, the client has to repeat it. */
const MAX_HELD_EVENTS = 1000;

/** Subscribes to channels of other nodes; undefined when this is the only node. */
export type ChannelListening = Pick<NodeChannel, "listen" | "unlisten"> | undefined;

/** A subscription whose call is running. */
interface PendingSubscription {
  readonly user: string | undefined;
  /** Events that were sent to the channel meanwhile. */
  readonly heldEvents: SocketEvent[];
  /** The positions of held entries and changes, because a comparison may send one twice. */
  readonly heldPositions: Set<string>;
  /** Unsubscriptions of the user meanwhile. */
  readonly unsubscriptions: Unsubscription[];
  /** Whether a broadcast to the channel may have been lost meanwhile. */
  mayHaveLost: boolean;
}

/**
 * Subscribes the sockets of this node to channels, and unsubscribes them. A socket subscribes and unsubscribes only by
 * the result of a call that its feature has declared.
 */
export class ChannelSubscriptions {
  readonly #sockets: LocalSockets;
  readonly #positions: ChannelPositions;
  readonly #compareSoon: (channels: Iterable<string>) => void;
  readonly #listening: ChannelListening;
  /** The running subscriptions by channel. */
  readonly #pending = new Map<string, Set<PendingSubscription>>();
  /** The channel's revision when a socket's user got access, by socket and channel. */
  readonly #accessSince = new WeakMap<GatewaySocket, Map<string, number>>();

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
   * Runs a call that subscribes its socket. An event that is sent to the channel after the call has read the database,
   * and before the socket is subscribed, would be lost: it is held, and sent afterwards.
   */
  async subscribe(
    socket: GatewaySocket,
    feature: SocketFeature,
    call: SubscribingCall<unknown>,
    params: Readonly<Record<string, unknown>>,
    run: () => Promise<unknown>,
  ): Promise<unknown> {
    if (socket.rooms.size >= MAX_CHANNELS) throw call.refusal("too-many");
    const channel = call.channelOf(params);
    if (channel === undefined) return run(); // the call refuses these parameters
    if (!channel.startsWith(`${feature.name}:`))
      throw new Error(`invariant: ${feature.name} has no channel ${channel}`);
    const pending: PendingSubscription = {
      user: socket.data.identity?.user.id,
      heldEvents: [],
      heldPositions: new Set(),
      unsubscriptions: [],
      mayHaveLost: false,
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
      if (!this.#sockets.idsInChannel(channel)) this.stopListening(channel, false);
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
    const { user, heldEvents, unsubscriptions } = pending;
    const group = channelGroup(channel);
    const isIn = socket.rooms.has(group);
    if (heldEvents.length > MAX_HELD_EVENTS) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    // the user's access ended after the call had read the database
    if (unsubscriptions.some(({ revision }) => revision > since)) throw call.refusal("ended");
    const known = this.#accessSince.get(socket) ?? new Map<string, number>();
    this.#accessSince.set(socket, known.set(channel, since));
    await socket.join(group);
    if (!socket.rooms.has(group)) return; // the client has disconnected
    if (isCompared) this.#positions.noteSubscription(subscription, heldEvents);
    if (isCompared && pending.mayHaveLost) this.#compareSoon([channel]);
    if (isIn) return;
    for (const event of heldEvents)
      if (isNewer(event, subscription) && event.except !== user) send(socket, event.encoded());
  }

  async unsubscribe(socket: GatewaySocket, channel: string): Promise<void> {
    this.#accessSince.get(socket)?.delete(channel);
    await socket.leave(channelGroup(channel));
  }

  /** Ends the subscriptions of a user's sockets, also the running ones. */
  endFor(unsubscription: Unsubscription): void {
    const { channel, user, revision } = unsubscription;
    for (const pending of this.#pending.get(channel) ?? [])
      if (pending.user === user) pending.unsubscriptions.push(unsubscription);
    for (const socket of this.#sockets.ofUser(user))
      if ((this.#accessSince.get(socket)?.get(channel) ?? 0) < revision) void this.unsubscribe(socket, channel);
  }

  /**
   * Records that broadcasts to these channels, or to any channel, may be lost. A client whose subscription is running
   * may lack them: its channel is compared with the database when it has subscribed.
   */
  notePossibleLoss(channels: Iterable<string> = this.#pending.keys()): void {
    for (const channel of channels) for (const pending of this.#pending.get(channel) ?? []) pending.mayHaveLost = true;
  }

  /** Holds an event for the running subscriptions to its channel. */
  hold(channel: string, event: SocketEvent): void {
    const pending = this.#pending.get(channel);
    if (!pending) return;
    const { kind, epoch, position } = event;
    const name = kind === "entry" || kind === "change" ? `${kind} ${epoch} ${position}` : undefined;
    for (const { heldEvents, heldPositions } of pending) {
      if (heldEvents.length > MAX_HELD_EVENTS || (name !== undefined && heldPositions.has(name))) continue;
      if (name !== undefined) heldPositions.add(name);
      event.encoded(); // the bytes of another node's packet are only valid now
      heldEvents.push(event);
    }
  }

  /** Stops receiving a channel that no socket hears. `wasUsed` is false when its only subscription was refused. */
  stopListening(channel: string, wasUsed = true): void {
    if (!this.#pending.has(channel)) this.#listening?.unlisten(channel, wasUsed);
  }
}

/** Whether an event is newer than the position that the client gets. */
function isNewer({ kind, position }: SocketEvent, { seq, revision }: Subscription): boolean {
  if (kind === "entry") return position > seq;
  return kind !== "change" || position > revision;
}
