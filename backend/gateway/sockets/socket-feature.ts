import type { Broadcast, Caller, ResultOf } from "../../contract/index.ts";
import type { SocketAction } from "../../surface.ts";

/** A socket that is open, as a feature sees it. */
export interface OpenSocket {
  /** Unique among all nodes. */
  readonly id: string;
  readonly user: Caller;
}

/** How far the entries and changes of a channel are known somewhere. */
export interface ChannelPosition {
  readonly channel: string;
  /** Incarnation of the channel's numbers. */
  readonly epoch: string;
  /** All entries up to this number are known. */
  readonly seq: number;
  /** All changes of entries up to this revision of the channel are known. */
  readonly revision: number;
}

/** A channel that a socket subscribes to, and what its client has of it. */
export interface Subscription extends ChannelPosition {
  /** The channel's revision at which the user was let in: an older unsubscription does not concern it. */
  readonly since: number;
  /** Whether the client has a part only, and asks for the rest. */
  readonly isPartial: boolean;
}

/** How a call subscribes the socket that makes it. */
export interface SubscribingCall<Result> {
  /** The channel that the call is about; undefined where the parameters, which are unchecked, name none. */
  channelOf(params: Readonly<Record<string, unknown>>): string | undefined;
  subscriptionOf(result: Result): Subscription;
  /**
   * What the client gets where the socket has `too-many` channels, and where the user's access `ended` while the call
   * was under way.
   */
  refusal(why: "too-many" | "ended"): Error;
}

/** What happens in the gateway around one of the calls of a feature. */
export interface SocketCallHooks<Result> {
  /** The response carries stored entries: its bytes are counted for the user and the network (`historyBytes`). */
  readonly readsHistory?: true;
  readonly subscribes?: SubscribingCall<Result>;
  /** The channel that the socket hears no more. */
  unsubscribes?(result: Result): string;
  /** The call has succeeded, and its socket is still open. */
  succeeded?(socket: OpenSocket, result: Result): void;
}

/**
 * What a feature hangs into the life of sockets. Its functions are called while the gateway serves clients: they are
 * quick and do not throw.
 */
export interface SocketFeature {
  /** Name of the feature. The keys of its channels start with it and a colon. */
  readonly name: string;
  /** By the name of the action. */
  readonly calls?: { readonly [A in SocketAction]?: SocketCallHooks<ResultOf<A>> };
  /** A client was let in. `auth` is what it sent beside its token, unchecked. */
  opened?(socket: OpenSocket, auth: Readonly<Record<string, unknown>>): void;
  /** A socket that was opened has closed. */
  closed?(socket: OpenSocket): void;
  /** This node lets no client in any more: the clients whose sockets close from now on go to other nodes. */
  draining?(): void;
  /**
   * Reads what the database has beyond these positions, gives it to `broadcastHere`, and returns the positions that the
   * channels had in the database before. A feature without it has no entries: nothing is compared. Rejects when the
   * database does not respond; it is called again then.
   */
  sendMissed?(
    known: readonly ChannelPosition[],
    broadcastHere: (broadcast: Broadcast) => void,
  ): Promise<readonly ChannelPosition[]>;
}
