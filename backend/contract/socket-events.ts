import type { TypeOf } from "../surface/grammar.ts";
import type { EmittedEvent, emits, NamespaceOfFeature } from "../surface.ts";

/** The payloads of events to sockets, by event. */
export type Emitted = { readonly [E in EmittedEvent]: TypeOf<(typeof emits)[E]["payload"]> };

/**
 * The sockets that get an event: those that have subscribed to a channel, those of some users, or both; all sockets
 * where neither is given. The sockets of the user `except` do not get it.
 */
interface Audience {
  /** Key of the channel: the name of its feature, a colon, and any text. */
  readonly channel?: string;
  readonly users?: readonly string[];
  readonly except?: string;
}

/**
 * The position of an event in its channel. `seq` numbers the entries of the channel without gaps: each socket gets each
 * number once, and a missing one is read from the database. `revision` grows with each change of an entry, and may have
 * gaps. `epoch` identifies the numbering: numbers of another epoch mean nothing.
 */
export type EventPosition =
  | { readonly epoch: string; readonly seq: number }
  | { readonly epoch: string; readonly revision: number };

/** An event to sockets. One without a position is not stored, and is not sent again to a socket that has missed it. */
export type Broadcast = Audience & { readonly position?: EventPosition } & {
    [E in EmittedEvent]: { readonly event: E; readonly payload: Emitted[E] };
  }[EmittedEvent];

/** From this revision of a channel on, the sockets of a user may no longer get its events. */
export interface Unsubscription {
  readonly channel: string;
  readonly user: string;
  readonly revision: number;
}

/**
 * The sockets of a namespace that get an event: those in a channel, those of some users, or both; all of the namespace
 * where neither is given. The sockets of the user `except` do not get it.
 */
interface NamespaceAudience {
  /** A channel that sockets have joined by a call whose action has set `ctx.meta.$join`; any name. */
  readonly channel?: string;
  readonly users?: readonly string[];
  readonly except?: string;
}

type EventsOf<N> = N extends { readonly name: infer Name; readonly emits: infer E }
  ? {
      readonly [K in keyof E]: {
        readonly namespace: Name;
        readonly event: K;
        readonly payload: E[K] extends { readonly payload: infer P } ? TypeOf<P> : never;
      };
    }[keyof E]
  : never;

/** An event to sockets of a namespace. It is not stored, and is not sent again to a socket that has missed it. */
type NamespaceBroadcast = EventsOf<NamespaceOfFeature> & NamespaceAudience;

/** From now on the sockets of a user may not get the events of a channel, nor join it by a call that has begun. */
export interface ChannelRemoval {
  readonly namespace: string;
  readonly channel: string;
  readonly user: string;
}

/** What an action may set in `ctx.meta` of a call in a namespace: the channels that the socket joins or leaves. */
export interface ChannelMeta {
  $join?: string | readonly string[];
  $leave?: string | readonly string[];
}

/** Values for the sockets of this node: each socket gets one event with those of all its channels. */
export interface Digest {
  readonly event: EmittedEvent;
  /** The field of the payload that lists the values. */
  readonly field: string;
  readonly items: readonly { readonly value: object; readonly channels: readonly string[] }[];
}

/** The events by which services reach sockets. The gateway of this node handles them. */
export interface SocketEvents {
  /** To the sockets of the audience, on every node. */
  "sockets.broadcast": Broadcast;
  /** To those on this node alone: an event that another node has broadcast, and that may not have arrived. */
  "sockets.broadcastHere": Broadcast;
  /** On every node, before any event that is broadcast later. */
  "sockets.unsubscribe": Unsubscription;
  /** On this node alone: another node has announced it, which may not have arrived. */
  "sockets.unsubscribeHere": Unsubscription;
  /** On this node alone. */
  "sockets.digestHere": Digest;
  /** To the sockets of a namespace, on every node. */
  "namespaces.emit": NamespaceBroadcast;
  /** On every node. */
  "namespaces.leave": ChannelRemoval;
}

/**
 * Events that the gateway of this node sends on to the nodes that have such sockets, in a form that is cheaper than an
 * event of Moleculer.
 */
export const TO_SOCKETS: ReadonlySet<string> = new Set<keyof SocketEvents>([
  "sockets.broadcast",
  "sockets.unsubscribe",
  "namespaces.emit",
  "namespaces.leave",
]);
