/** Where a try comes from: the network that one customer has, and the block of addresses around it. */
export interface Origin {
  readonly network: string;
  readonly block: string;
}

/**
 * Turns for the few tries that an account has while its password is guessed from many networks. Without turns, the
 * network that sends the most requests takes each try as soon as there is one, and the owner, who types, gets none.
 *
 * A network that is refused gets a place. When the next try opens, the turn belongs to the block that was served
 * longest ago, a block that was never served before all others; within a block to the network that was served longest
 * ago; then to the one that has waited longest. A network that does not take its turn within `GRACE` loses it and
 * counts as served.
 *
 * So an owner in a network that has not tried yet waits for the next try only, once each guesser has had one try;
 * before that, each other block has one turn at most before the owner's: with 16 blocks, 16 turns of `MAX_WAIT` and
 * `GRACE` at most. No turn adds a try: when tries open is decided elsewhere, and a turn that is not taken is lost.
 * What an attacker needs to keep the owner out is not speed but new blocks, more than `MAX_PLACES` of them, all the
 * time.
 */
export interface Turns {
  /** Whether any network waits for a try. */
  isWanted(now: number): boolean;
  /**
   * Milliseconds until the origin may send another request; 0 when it may try now. `opensAt`: when the account's next
   * try opens, in milliseconds since 1970. The origin keeps its place if it is back in time, or at most `GRACE` later.
   */
  waitFor(origin: Origin, opensAt: number, now: number): number;
  /** The origin tries. */
  took(origin: Origin, now: number): void;
  /** The try was right: it does not count as a turn that the origin has had. */
  forgive(origin: Origin): void;
  /** When all is forgotten, in milliseconds since 1970; 0 when nothing is remembered. */
  readonly expiresAt: number;
  toJSON(): SavedTurns;
}

/** The turns of an account as plain data. Times in milliseconds since 1970. */
export interface SavedTurns {
  /** Network, block, since when it waits, until when its place is kept. */
  readonly places: readonly (readonly [string, string, number, number])[];
  /** Networks and blocks, the one served longest ago first, and when they were served. */
  readonly served: readonly (readonly [string, number])[];
  readonly lapsedAt: number;
  readonly askedAt: number;
}

/** Milliseconds that a turn waits for its network: a person has read how long to wait, and comes a little later. */
export const GRACE = 30_000;
/** Longest time in milliseconds after which a network has to send another request, to keep its place. */
export const MAX_WAIT = 60_000;
const MIN_WAIT = 1000;

/** Networks that wait for one account, and those of one block: beyond them the one whose turn is last has no place. */
const MAX_PLACES = 64;
const MAX_IN_BLOCK = 8;
/** Networks and blocks that are remembered as served: beyond them the oldest goes. */
const MAX_SERVED = 160;
/** Milliseconds without a request after which an account's turns are forgotten. */
export const IDLE = 2 * (MAX_WAIT + GRACE);

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
  /** When the last turn that no network took was over; 0 when there was none. */
  lapsedAt: number;
  askedAt: number;
}

/** The turns of one account. `now`, where a method takes it, is in milliseconds since 1970. */
export function createTurns(saved?: SavedTurns): Turns {
  let queue = saved ? restored(saved) : newQueue();

  /** Drops what is out of date. */
  function refresh(now: number): void {
    if (now - queue.askedAt > IDLE) queue = newQueue();
    for (const [network, { keptUntil }] of queue.places) if (keptUntil < now) queue.places.delete(network);
  }

  return {
    isWanted(now) {
      refresh(now);
      return queue.places.size > 0;
    },

    waitFor({ network, block }, opensAt, now) {
      refresh(now);
      const isOpen = now >= opensAt;
      if (isOpen && queue.places.size === 0) return 0;
      queue.askedAt = now;
      const place = placeOf(queue, network, block, now);
      if (!place) return MAX_WAIT;
      let turnEndsAt = Math.max(opensAt, queue.lapsedAt) + GRACE;
      if (isOpen) {
        let [first] = inOrder(queue);
        for (; first !== undefined && first !== network && now >= turnEndsAt; [first] = inOrder(queue)) {
          leave(queue, first, turnEndsAt);
          queue.lapsedAt = turnEndsAt;
          turnEndsAt += GRACE;
        }
        if (first === network) return 0;
      }
      const wait = Math.min(MAX_WAIT, Math.max(MIN_WAIT, (isOpen ? turnEndsAt : opensAt) - now));
      place.keptUntil = now + wait + GRACE;
      return wait;
    },

    took({ network, block }, now) {
      refresh(now);
      queue.askedAt = now;
      leave(queue, network, now);
      note(queue, block, now);
    },

    forgive({ network, block }) {
      for (const name of [network, block]) queue.served.delete(name);
    },

    get expiresAt() {
      return queue.places.size === 0 && queue.served.size === 0 ? 0 : queue.askedAt + IDLE;
    },

    toJSON() {
      const places = [...queue.places].map(
        ([network, { block, since, keptUntil }]) => [network, block, since, keptUntil] as const,
      );
      return { ...queue, places, served: [...queue.served] };
    },
  };
}

function newQueue(): Queue {
  return { places: new Map(), served: new Map(), lapsedAt: 0, askedAt: 0 };
}

function restored(saved: SavedTurns): Queue {
  const places = saved.places.map(
    ([network, block, since, keptUntil]) => [network, { block, since, keptUntil }] as const,
  );
  return { ...saved, places: new Map(places), served: new Map(saved.served) };
}

/** The network's place: a new one where there are few, or another network's whose turn would be later. */
function placeOf(queue: Queue, network: string, block: string, now: number): QueuePlace | undefined {
  const { places } = queue;
  const has = places.get(network);
  if (has) return has;
  places.set(network, { block, since: now, keptUntil: now + MAX_WAIT });
  const inBlock = [...places.values()].filter((one) => one.block === block).length;
  if (inBlock > MAX_IN_BLOCK) {
    const last = inOrder(queue).findLast((one) => places.get(one)?.block === block);
    places.delete(last ?? network);
  } else if (places.size > MAX_PLACES) places.delete(inOrder(queue).at(-1) ?? network);
  return places.get(network);
}

/** The networks in the order of their turns. */
function inOrder({ places, served }: Queue): string[] {
  const lastOf = (name: string) => served.get(name) ?? -Infinity;
  const blockSince = new Map<string, number>();
  for (const { block, since } of places.values())
    blockSince.set(block, Math.min(since, blockSince.get(block) ?? Infinity));
  const keys = [...places].map(([network, { block, since }]) => ({
    network,
    key: [lastOf(block), blockSince.get(block) ?? since, lastOf(network), since] as const,
  }));
  const compare = (one: readonly number[], other: readonly number[]): number => {
    const at = one.findIndex((value, index) => value !== other[index]);
    return at < 0 || (one[at] ?? 0) < (other[at] ?? 0) ? -1 : 1;
  };
  return keys.sort((one, other) => compare(one.key, other.key)).map(({ network }) => network);
}

/** Takes a network out of the queue: it has had its turn. */
function leave(queue: Queue, network: string, at: number): void {
  const place = queue.places.get(network);
  queue.places.delete(network);
  note(queue, network, at);
  if (place) note(queue, place.block, at);
}

function note({ served }: Queue, name: string, at: number): void {
  served.delete(name);
  const [oldest] = served.size >= MAX_SERVED ? served.keys() : [];
  if (oldest !== undefined) served.delete(oldest);
  served.set(name, at);
}
