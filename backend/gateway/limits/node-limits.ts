import type { IncomingMessage } from "node:http";
import type { Logger } from "pino";
import { HistoryBudget } from "./caps/byte-budget.ts";
import { Connections } from "./caps/connections.ts";
import { HttpBacklog } from "./caps/http-backlog.ts";
import { type CapSources, readCaps } from "./caps/readings.ts";
import { CAPS, type CapReading, type CapTable } from "./caps/table.ts";
import { UnfinishedBytes } from "./caps/unfinished-bytes.ts";
import { UnsentBytes } from "./caps/unsent-bytes.ts";
import { WithoutSession } from "./caps/without-session.ts";
import { type Client, clientReader, trustedPeers } from "./client-address.ts";
import { IgnoredAddresses } from "./ignored-addresses.ts";
import { createLimits, LIMITS, type Limits, type LimitTable, type SharedCounts } from "./limits.ts";
import { SERVER_TIMES, type ServerTimes } from "./server-times.ts";

export interface NodeLimitOptions {
  readonly log: Logger;
  /** Networks (CIDR) whose `CF-Connecting-IP` is trusted, besides the loopback. */
  readonly trustedPeers: readonly string[];
  /** Each table of the kit where it is left out. */
  readonly limits?: LimitTable | undefined;
  readonly caps?: CapTable | undefined;
  readonly times?: ServerTimes | undefined;
  /** Where nodes count limits together; undefined where this node counts by itself. */
  readonly shared: SharedCounts | undefined;
}

/** All limits of one node: how often, how much, for how long; and the address of each client. */
export class NodeLimits {
  readonly limits: Limits;
  readonly caps: CapTable;
  readonly times: ServerTimes;
  readonly connections: Connections;
  readonly withoutSession: WithoutSession;
  readonly unsent: UnsentBytes;
  readonly backlog: HttpBacklog;
  readonly history: HistoryBudget;
  readonly unfinishedBytes: UnfinishedBytes;
  /** Connections that were closed for a message in too many parts, or one that did not end. */
  readonly refusedMessages = { fragmented: 0, unfinished: 0 };
  readonly ignored: IgnoredAddresses;
  /** The client of a request; undefined when the connection was closed. */
  readonly client: (request: IncomingMessage) => Client | undefined;
  readonly #handshakes: number;

  constructor(options: NodeLimitOptions) {
    const { limits = LIMITS, caps = CAPS, times = SERVER_TIMES } = options;
    this.caps = caps;
    this.times = times;
    this.limits = createLimits(limits, options.shared);
    this.#handshakes = limits.handshake.requests;
    this.unsent = new UnsentBytes(caps.unsentBytes, times.readingMs);
    this.backlog = new HttpBacklog(caps, this.unsent);
    this.withoutSession = new WithoutSession({ caps, timeout: times.authenticationMs });
    this.unfinishedBytes = new UnfinishedBytes(caps.unfinishedBytes.node);
    this.history = new HistoryBudget(caps.historyBytes);
    const isTrusted = trustedPeers(options.trustedPeers);
    this.connections = new Connections(caps.connections, isTrusted);
    this.ignored = new IgnoredAddresses(options.log);
    this.client = clientReader(isTrusted, (peer, visitor) => this.ignored.note(peer, visitor));
  }

  /** The limits of what clients may hold, and what they hold now. */
  readings(of: Pick<CapSources, "upgrades" | "streams" | "namespaces">): readonly CapReading[] {
    return readCaps({ ...this, ...of, messages: this.refusedMessages, handshakes: this.#handshakes });
  }
}
