import { refuse } from "../../contract/index.ts";
import type { RateRule } from "../../surface/rate-classes.ts";
import { RATE_CLASSES } from "../../surface.ts";
import { createKnownRefusals } from "../../throttle/known-refusals.ts";
import { type ThrottleStates, type Throttles, withUse } from "../../throttle/throttle.ts";
import { UseCounter, type UseLimit } from "./use-counter.ts";

/** How often one address or user may do something: the surface's rate classes, and those of sockets. */
export const LIMITS = {
  ...RATE_CLASSES,
  /** WebSocket handshakes from one address. */
  handshake: { requests: 60, seconds: 10 },
  /** Packets of one socket, whatever is in them; beyond it the socket is closed. */
  packet: { requests: 300, seconds: 10 },
  /** Refused events of all sockets of one user: they cost time as well. Beyond it the socket is closed. */
  refusal: { requests: 600, seconds: 10, usersAtAddress: 10 },
  /**
   * Fresh access tokens over a socket; a signature is verified for each. A page sends one every few minutes for each
   * socket.
   */
  token: { requests: 40, seconds: 10, usersAtAddress: 10 },
} as const satisfies Readonly<Record<string, RateRule>>;
export type LimitName = keyof typeof LIMITS;

/** The rules of the limits. A test that replaces `LIMITS` by other numbers keeps these rules. */
const RULES = new Map<string, RateRule>(Object.entries(LIMITS));

export interface Limits {
  /**
   * Counts one use by an address, signed in or not. Throws RATE_LIMITED with the seconds to wait. `now` is the time of
   * `performance.now`, where the caller knows it.
   */
  address(limit: LimitName, key: string, now?: number): void;
  /**
   * Counts one use by a signed-in user at an address, apart from clients that are not signed in. Throws RATE_LIMITED
   * with the seconds to wait.
   */
  usersAtAddress(limit: LimitName, key: string): void;
  /** Counts one use by a user, from wherever. Throws RATE_LIMITED with the seconds to wait. */
  user(limit: LimitName, id: string, now?: number): void;
  /**
   * Counts one use of a limit that all nodes share, by an address and by a user where it is known who calls; undefined
   * for any other limit. To be called after this node's own limits, which are cheaper. Rejects with RATE_LIMITED and
   * the seconds to wait, or with a `DatabaseAway`: while nodes cannot count together, nothing of this kind is allowed.
   */
  onAllNodes(limit: LimitName, network: string, userId?: string): Promise<void> | undefined;
  /** Makes a budget for one holder alone, for example a connection. */
  budget(limit: LimitName): Budget;
}

export interface Budget {
  /** Counts one use; false when the budget is spent. */
  take(): boolean;
}

export type LimitTable = Readonly<Record<LimitName, UseLimit>>;

/** Counts that all nodes share. */
export interface SharedCounts {
  readonly throttles: Throttles;
  /** Milliseconds since 1970, for all nodes alike. */
  clock(): number;
}

/**
 * Makes the limits, which are counted in the memory of this node, addresses and users apart. With `shared`, some of
 * them are counted there as well.
 */
export function createLimits(table: LimitTable = LIMITS, shared?: SharedCounts): Limits {
  const counting = (timesOf: (name: string) => number = () => 1): Limits["address"] => {
    const counters = new Map(
      Object.entries(table).map(([name, { requests, seconds }]) => [
        name,
        new UseCounter({ requests: requests * timesOf(name), seconds }),
      ]),
    );
    return (limit, key, now) => {
      const retryAfter = counters.get(limit)?.take(key, now);
      if (retryAfter !== undefined) throw refuse("RATE_LIMITED", { retryAfter });
    };
  };
  return {
    address: counting(),
    usersAtAddress: counting((name) => RULES.get(name)?.usersAtAddress ?? 1),
    user: counting(),
    onAllNodes: shared?.throttles.isShared ? countingOnAllNodes(table, shared) : () => undefined,
    budget: (limit) => new FixedWindow(table[limit]),
  };
}

function countingOnAllNodes(table: LimitTable, { throttles, clock }: SharedCounts): Limits["onAllNodes"] {
  const refusals = createKnownRefusals(clock);

  /** Counts one use of all keys, or returns the key that has no use left and the milliseconds to wait. */
  function take(states: ThrottleStates, keys: readonly string[], limit: LimitName) {
    const now = clock();
    const uses = keys.map((key) => [key, withUse(states.get(key), table[limit], now)] as const);
    const [refused] = uses.filter(([, state]) => !state);
    if (refused) return { key: refused[0], wait: (states.get(refused[0])?.until ?? now) - now };
    for (const [key, state] of uses) states.set(key, state);
    return undefined;
  }

  async function count(keys: readonly string[], limit: LimitName): Promise<void> {
    for (const key of keys) {
      const known = refusals.waitFor(key);
      if (known > 0) throw refuse("RATE_LIMITED", { retryAfter: known / 1000 });
    }
    const refused = await throttles.change(keys, (states) => take(states, keys, limit));
    if (!refused) return;
    refusals.add(refused.key, refused.wait);
    throw refuse("RATE_LIMITED", { retryAfter: refused.wait / 1000 });
  }

  return (limit, network, userId) => {
    if (!RULES.get(limit)?.isShared) return undefined;
    const keys = [throttles.keyOf(limit, "address", network)];
    if (userId !== undefined) keys.push(throttles.keyOf(limit, "user", userId));
    return count(keys, limit);
  };
}

/** A budget for each span of time. Every connection has one, so it has as few fields as possible. */
class FixedWindow implements Budget {
  readonly #of: LimitTable[LimitName];
  #used = 0;
  #end = 0;

  constructor(of: LimitTable[LimitName]) {
    this.#of = of;
  }

  take(): boolean {
    const now = performance.now();
    if (now >= this.#end) {
      this.#used = 0;
      this.#end = now + this.#of.seconds * 1000;
    }
    return ++this.#used <= this.#of.requests;
  }
}
