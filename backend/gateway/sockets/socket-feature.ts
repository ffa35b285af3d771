import type { Broadcast, Caller, ResultOf } from "../../contract/index.ts";
import type { SocketAction } from "../../surface.ts";

/** A socket that is open, as a feature sees it. */
export interface OpenSocket {
  /** Unique among all nodes. */
  readonly id: string;
  readonly user: Caller;
}

/** Up to where the entries and changes of a channel are known, for example to a client. */
export interface ChannelPosition {
  readonly channel: string;
  /** Id of the channel's sequence of numbers; a new sequence has another one. */
  readonly epoch: string;
  /** All entries up to this number are known. */
  readonly seq: number;
  /** All changes of entries up to this revision of the channel are known. */
  readonly revision: number;
}

/** A channel that a socket subscribes to, and what its client has of it. */
export interface Subscription extends ChannelPosition {
  /** The channel's revision when the user got access: an unsubscription with an older revision is ignored. */
  readonly since: number;
  /** Whether the client has only a part of the entries, and will request the rest. */
  readonly isPartial: boolean;
}

/** How a call subscribes the socket that makes it. */
export interface SubscribingCall<Result> {
  /** The channel that the call is about; undefined where the parameters, which are unchecked, name none. */
  channelOf(params: Readonly<Record<string, unknown>>): string | undefined;
  subscriptionOf(result: Result): Subscription;
  /**
   * The refusal where the socket has `too-many` channels, and where the user's access `ended` while the call was
   * running.
   */
  refusal(why: "too-many" | "ended"): Error;
}

/** What the gateway does before and after a call of a feature. */
export interface SocketCallHooks<Result> {
  /** The response carries stored entries: its bytes are counted for the user and the network (`historyBytes`). */
  readonly readsHistory?: true;
  readonly subscribes?: SubscribingCall<Result>;
  /** The channel that the socket is unsubscribed from. */
  unsubscribes?(result: Result): string;
  /** The call has succeeded, and its socket is still open. */
  succeeded?(socket: OpenSocket, result: Result): void;
}

/**
 * The part that a feature has in the life of sockets. The gateway calls these functions while it serves clients: they
 * must be quick and must not throw.
 */
export interface SocketFeature {
  /** Name of the feature. The keys of its channels start with it and a colon. */
  readonly name: string;
  /** By the name of the action. */
  readonly calls?: { readonly [A in SocketAction]?: SocketCallHooks<ResultOf<A>> };
  /** Called when a socket has opened. `auth` is what the client sent beside its token, unchecked. */
  opened?(socket: OpenSocket, auth: Readonly<Record<string, unknown>>): void;
  /** Called when an opened socket has closed. */
  closed?(socket: OpenSocket): void;
  /** Called when this node refuses new clients: those whose sockets close from now on connect to other nodes. */
  draining?(): void;
  /**
   * Reads what the database has beyond these positions, passes it to `broadcastHere`, and returns the positions up to
   * which it has read. A feature without numbered entries needs no such function. Rejects when the database does not
   * respond; then it is called again.
   */
  sendMissed?(
    known: readonly ChannelPosition[],
    broadcastHere: (broadcast: Broadcast) => void,
  ): Promise<readonly ChannelPosition[]>;
}
