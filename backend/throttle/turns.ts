/** Where a try comes from, as `networkOf` and `blockOf` return it for the client's address, or a key of each. */
export interface TrySource {
  readonly network: string;
  readonly block: string;
}

/**
 * Decides which network may make the next try of an account, while attackers guess its password from many networks.
 * An account has few tries then (`ACCOUNT_RULE`). Without turns, the network that sends the most requests gets every
 * try, and the owner, who types the password by hand, gets none.
 *
 * - A network whose request is refused gets a place in the queue.
 * - The next turn belongs to the block that was served longest ago. A block that was never served comes first.
 * - Within a block, the turn belongs to the network that was served longest ago, then to the one that waits longest.
 * - A network that does not try within `TURN_GRACE_MS` loses its turn, and counts as served.
 *
 * So once each attacking block was served, an owner in a new block gets the next turn. Before that, each other block
 * has at most one turn before the owner's. With 16 such blocks these are 16 turns, each of `MAX_WAIT_MS` and
 * `TURN_GRACE_MS` at most.
 *
 * Turns never add a try: the throttle decides when a try is allowed, and a turn that no network uses is lost. An
 * attacker who wants to keep the owner out gains nothing by speed. It takes new blocks all the time, more than
 * `MAX_PLACES` of them.
 */
export interface Turns {
  /** Whether any network waits for a try. */
  isWanted(now: number): boolean;
  /**
   * Milliseconds until the network may send another request; 0 when it may try now. The network keeps its place if it
   * sends that request at most `TURN_GRACE_MS` late.
   *
   * @param nextTryAt when the account may be tried again, in milliseconds since 1970
   */
  waitFor(source: TrySource, nextTryAt: number, now: number): number;
  /** Counts a try as the turn of its network. */
  recordTry(source: TrySource, now: number): void;
  /** Takes back that a try was counted: the password was right. */
  uncountTry(source: TrySource): void;
  /** When this account's turns are forgotten, in milliseconds since 1970; 0 when there is nothing to forget. */
  readonly expiresAt: number;
  toJSON(): SavedTurns;
}

/** An account's turns as they are stored, for nodes of different versions. Times in milliseconds since 1970. */
export interface SavedTurns {
  /** Network, block, since when it waits, until when its place is kept. */
  readonly places: readonly (readonly [network: string, block: string, since: number, keptUntil: number])[];
  /** Networks and blocks, the one served longest ago first, and when they were served. */
  readonly served: readonly (readonly [networkOrBlock: string, servedAt: number])[];
  /** `Queue.lastMissedTurnEndedAt` */
  readonly lapsedAt: number;
  /** `Queue.lastRequestAt` */
  readonly askedAt: number;
}

/** Milliseconds that a turn waits for its network: a person reads how long to wait, and then needs time to type. */
export const TURN_GRACE_MS = 30_000;
/** Maximum wait in milliseconds that a network is told. It has to send another request then, to keep its place. */
export const MAX_WAIT_MS = 60_000;
const MIN_WAIT_MS = 1000;

/** Maximum number of networks that wait for one account. In a full queue, the one whose turn is last has no place. */
const MAX_PLACES = 64;
/** The same for the networks of one block. */
const MAX_IN_BLOCK = 8;
/** Maximum number of networks and blocks that are remembered as served. The one served longest ago is forgotten. */
const MAX_SERVED = 160;
/** Milliseconds without a request after which an account's turns are forgotten. */
export const FORGET_AFTER_MS = 2 * (MAX_WAIT_MS + TURN_GRACE_MS);

interface QueuePlace {
  readonly block: string;
  readonly since: number;
  /** When the place is lost, unless the network sends another request. */
  keptUntil: number;
}

interface Queue {
  readonly places: Map<string, QueuePlace>;
  /** When networks and blocks were last served. */
  readonly served: Map<string, number>;
  /** When the last turn ended that no network used; 0 when there was none. */
  lastMissedTurnEndedAt: number;
  lastRequestAt: number;
}

/** The turns of one account. `now`, where a method takes it, is in milliseconds since 1970. */
export function createTurns(saved?: SavedTurns): Turns {
  let queue = saved ? queueFrom(saved) : newQueue();

  /** Drops what is out of date. */
  function refresh(now: number): void {
    if (now - queue.lastRequestAt > FORGET_AFTER_MS) queue = newQueue();
    for (const [network, { keptUntil }] of queue.places) if (keptUntil < now) queue.places.delete(network);
  }

  return {
    isWanted(now) {
      refresh(now);
      return queue.places.size > 0;
    },

    waitFor({ network, block }, nextTryAt, now) {
      refresh(now);
      const isTryAllowed = now >= nextTryAt;
      if (isTryAllowed && queue.places.size === 0) return 0;
      queue.lastRequestAt = now;
      const place = findOrAddPlace(queue, network, block, now);
      if (!place) return MAX_WAIT_MS;
      let turnEndsAt = Math.max(nextTryAt, queue.lastMissedTurnEndedAt) + TURN_GRACE_MS;
      if (isTryAllowed) {
        let [first] = networksByTurn(queue);
        for (; first !== undefined && first !== network && now >= turnEndsAt; [first] = networksByTurn(queue)) {
          endTurn(queue, first, turnEndsAt);
          queue.lastMissedTurnEndedAt = turnEndsAt;
          turnEndsAt += TURN_GRACE_MS;
        }
        if (first === network) return 0;
      }
      const wait = Math.min(MAX_WAIT_MS, Math.max(MIN_WAIT_MS, (isTryAllowed ? turnEndsAt : nextTryAt) - now));
      place.keptUntil = now + wait + TURN_GRACE_MS;
      return wait;
    },

    recordTry({ network, block }, now) {
      refresh(now);
      queue.lastRequestAt = now;
      endTurn(queue, network, now);
      recordServed(queue, block, now);
    },

    uncountTry({ network, block }) {
      for (const networkOrBlock of [network, block]) queue.served.delete(networkOrBlock);
    },

    get expiresAt() {
      return queue.places.size === 0 && queue.served.size === 0 ? 0 : queue.lastRequestAt + FORGET_AFTER_MS;
    },

    toJSON() {
      const places = [...queue.places].map(
        ([network, { block, since, keptUntil }]) => [network, block, since, keptUntil] as const,
      );
      const { served, lastMissedTurnEndedAt: lapsedAt, lastRequestAt: askedAt } = queue;
      return { places, served: [...served], lapsedAt, askedAt };
    },
  };
}

function newQueue(): Queue {
  return { places: new Map(), served: new Map(), lastMissedTurnEndedAt: 0, lastRequestAt: 0 };
}

function queueFrom({ places, served, lapsedAt, askedAt }: SavedTurns): Queue {
  return {
    places: new Map(places.map(([network, block, since, keptUntil]) => [network, { block, since, keptUntil }])),
    served: new Map(served),
    lastMissedTurnEndedAt: lapsedAt,
    lastRequestAt: askedAt,
  };
}

/**
 * The network's place in the queue, a new one where it has none. In a full queue, the network whose turn is last loses
 * its place. Undefined when that is the new one.
 */
function findOrAddPlace(queue: Queue, network: string, block: string, now: number): QueuePlace | undefined {
  const { places } = queue;
  const known = places.get(network);
  if (known) return known;
  places.set(network, { block, since: now, keptUntil: now + MAX_WAIT_MS });
  const inBlock = [...places.values()].filter((one) => one.block === block).length;
  if (inBlock > MAX_IN_BLOCK) {
    const last = networksByTurn(queue).findLast((one) => places.get(one)?.block === block);
    places.delete(last ?? network);
  } else if (places.size > MAX_PLACES) places.delete(networksByTurn(queue).at(-1) ?? network);
  return places.get(network);
}

/** The networks in the order of their turns. */
function networksByTurn({ places, served }: Queue): string[] {
  const lastServedAt = (networkOrBlock: string) => served.get(networkOrBlock) ?? -Infinity;
  const blockSince = new Map<string, number>();
  for (const { block, since } of places.values())
    blockSince.set(block, Math.min(since, blockSince.get(block) ?? Infinity));
  const keys = [...places].map(([network, { block, since }]) => ({
    network,
    key: [lastServedAt(block), blockSince.get(block) ?? since, lastServedAt(network), since] as const,
  }));
  const compare = (one: readonly number[], other: readonly number[]): number => {
    const first = one.findIndex((value, index) => value !== other[index]);
    return first < 0 || (one[first] ?? 0) < (other[first] ?? 0) ? -1 : 1;
  };
  return keys.sort((one, other) => compare(one.key, other.key)).map(({ network }) => network);
}

/** Removes a network from the queue: it has had its turn, or missed it. */
function endTurn(queue: Queue, network: string, endedAt: number): void {
  const place = queue.places.get(network);
  queue.places.delete(network);
  recordServed(queue, network, endedAt);
  if (place) recordServed(queue, place.block, endedAt);
}

function recordServed({ served }: Queue, networkOrBlock: string, servedAt: number): void {
  served.delete(networkOrBlock);
  const [oldest] = served.size >= MAX_SERVED ? served.keys() : [];
  if (oldest !== undefined) served.delete(oldest);
  served.set(networkOrBlock, servedAt);
}
