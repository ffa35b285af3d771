/**
 * What clients can make this node hold, in bytes and number. Together with the rate limits (`limits.ts`) and the time
 * limits (`server-times.ts`) this is the whole list: everything that an unauthenticated client can make the node keep
 * has an entry here. `/metrics` shows the limits, the current values and how often each was reached. A network is an
 * IPv4 address or an IPv6 /64.
 */
export interface CapTable {
  /** WebSockets, with or without a session. */
  readonly sockets: NetworkCaps & { readonly user: number };
  /** WebSockets whose client has not authenticated yet. Where the node has too many, the oldest is closed. */
  readonly socketsWithoutSession: NetworkCaps;
  /**
   * Sockets in public namespaces whose clients have shown no token. Where the node has too many, the oldest is closed.
   */
  readonly anonymousSockets: NetworkCaps;
  /**
   * Namespaces that one connection is in, the main one not counted; and of one socket in a namespace the calls under
   * way and the channels.
   */
  readonly namespaces: { readonly connection: number; readonly calls: number; readonly channels: number };
  /** Bytes that clients without a session have sent over their WebSockets. */
  readonly bytesWithoutSession: { readonly connection: number; readonly node: number };
  /** Reads from the kernel in which these bytes arrived: each costs a few hundred bytes, however short it is. */
  readonly readsWithoutSession: number;
  /** Frames of one WebSocket message (RFC 6455 5.4). Browsers split a message into a few at most. */
  readonly fragments: number;
  /** Reads from the kernel in which one WebSocket message may arrive. */
  readonly readsOfMessage: number;
  /**
   * Bytes of WebSocket messages that have begun and not ended, with a session or without. Where the node has too many,
   * the connection is closed whose message began first.
   */
  readonly unfinishedBytes: { readonly node: number };
  /** Bytes that wait for a client to read what was sent before: HTTP responses and WebSocket frames. */
  readonly unsentBytes: {
    readonly connection: number;
    readonly user: number;
    readonly address: number;
    readonly node: number;
  };
  /** Bytes of entries of channels that are read in so many seconds by subscribing, by paging and by searching. */
  readonly historyBytes: { readonly user: number; readonly address: number; readonly seconds: number };
  /**
   * Requests of one connection that wait for the response to an earlier one (RFC 9112 9.3.2). No browser and no proxy
   * pipelines.
   */
  readonly pipelined: number;
  /** Requests whose body has not arrived. Where the node has too many, the oldest is closed. */
  readonly bodies: NetworkCaps;
  /** Responses that are streamed to their clients, also server-sent events. */
  readonly streams: { readonly user: number; readonly address: number; readonly node: number };
  /** Bytes of bodies that are collected before their action runs. */
  readonly bodyBytes: { readonly address: number; readonly node: number };
  /** Connections that are not WebSockets; those of the connector and other trusted peers count for the node alone. */
  readonly connections: { readonly address: number; readonly node: number };
}

/**
 * Numbers for one network, for the larger networks that one customer may have (RFC 6177: /56 and /48), and for all
 * together.
 */
export interface NetworkCaps {
  readonly address: number;
  readonly slash56: number;
  readonly slash48: number;
  readonly node: number;
}

/** One limit, and how much of it is used. */
export interface CapReading {
  readonly cap: string;
  /** The limits, by what they hold for: a connection, an address, the node ... Times are in seconds. */
  readonly limits: Readonly<Record<string, number>>;
  /** What the clients of this node hold now; absent where that is not a number of things. */
  readonly used?: number;
  /** How often it was reached since the start. */
  readonly refused: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const CAPS: CapTable = {
  sockets: { user: 20, address: 100, slash56: 400, slash48: 2_000, node: 20_000 },
  socketsWithoutSession: { address: 40, slash56: 80, slash48: 160, node: 4_000 },
  anonymousSockets: { address: 20, slash56: 40, slash48: 80, node: 2_000 },
  namespaces: { connection: 8, calls: 32, channels: 64 },
  bytesWithoutSession: { connection: 16 * KIB, node: 8 * MIB },
  readsWithoutSession: 64,
  fragments: 16,
  readsOfMessage: 256,
  unfinishedBytes: { node: 32 * MIB },
  unsentBytes: { connection: MIB, user: 4 * MIB, address: 16 * MIB, node: 64 * MIB },
  historyBytes: { user: 4 * MIB, address: 40 * MIB, seconds: 10 },
  pipelined: 16,
  bodies: { address: 50, slash56: 100, slash48: 200, node: 2_000 },
  streams: { user: 10, address: 100, node: 1_000 },
  bodyBytes: { address: 64 * MIB, node: 256 * MIB },
  connections: { address: 250, node: 8_000 },
};
