import type { DeviceState, PresenceHere, PresenceState, PresenceTimes } from "./presence.ts";

interface PresenceEntry {
  open: number;
  away: number;
  told: PresenceState;
  /** When it may be told again. */
  notBefore: number;
}

/** Users in one event, as many as a message of NATS carries (1 MB); a node has hardly more sockets. */
const CHUNK = 20_000;
/** Windows after which a node tells its state even though nothing has changed, so that a lost event is noticed. */
const BEAT = 15;

/**
 * Which users have sockets on this node. It holds no more than there are sockets, and those that closed a moment ago.
 */
export class LocalPresence {
  readonly #times: PresenceTimes;
  readonly #clock: () => number;
  readonly #entries = new Map<string, PresenceEntry>();
  readonly #changed = new Set<string>();
  /** Users whose told state has to be told again. */
  #again: string[] = [];
  #revision = 0;
  #quiet = 0;
  #isWhole = true;
  #isEnded = false;

  /** `clock` in milliseconds. */
  constructor(times: PresenceTimes, clock: () => number = () => performance.now()) {
    this.#times = times;
    this.#clock = clock;
  }

  opened(user: string, state: DeviceState): void {
    this.#change(user, state, 1);
  }

  closed(user: string, state: DeviceState): void {
    this.#change(user, state, -1);
  }

  /** Another node has missed something: all is told again. */
  repeat(): void {
    this.#isWhole = true;
  }

  /** The sockets that close from now on come back on other nodes: nothing is told any more. */
  end(): void {
    this.#isEnded = true;
  }

  /** To be called once a window: what to tell the other nodes, if anything. */
  tick(): PresenceHere | undefined {
    if (this.#isEnded) return undefined;
    const told: Record<PresenceState, string[]> = { online: [], away: [], offline: [] };
    const isWhole = this.#isWhole;
    this.#isWhole = false;
    if (isWhole) {
      this.#again = [...this.#entries].filter(([, entry]) => entry.told !== "offline").map(([user]) => user);
    }
    if (isWhole || this.#again.length > 0) {
      for (const user of this.#again.splice(0, CHUNK)) told[this.#entries.get(user)?.told ?? "offline"].push(user);
    } else if (!this.#collect(told) && ++this.#quiet < BEAT) {
      return undefined;
    }
    this.#quiet = 0;
    this.#revision += 1;
    return { revision: this.#revision, whole: isWhole, ...told };
  }

  #change(user: string, state: DeviceState, by: 1 | -1): void {
    const entry = this.#entries.get(user) ?? { open: 0, away: 0, told: "offline", notBefore: 0 };
    this.#entries.set(user, entry);
    entry.open += by;
    if (state === "away") entry.away += by;
    if (entry.open === 0) entry.notBefore = Math.max(entry.notBefore, this.#clock() + this.#times.grace);
    this.#changed.add(user);
  }

  /** Takes what has changed and may be told by now; returns whether there is any. */
  #collect(told: Record<PresenceState, string[]>): boolean {
    const now = this.#clock();
    let count = 0;
    for (const user of this.#changed) {
      const entry = this.#entries.get(user);
      const state = entry ? stateOf(entry) : "offline";
      if (entry && state !== entry.told && now < entry.notBefore) continue;
      this.#changed.delete(user);
      if (state === "offline") this.#entries.delete(user);
      if (!entry || state === entry.told) continue;
      entry.told = state;
      entry.notBefore = now + this.#times.pace;
      told[state].push(user);
      if (++count === CHUNK) break;
    }
    return count > 0;
  }
}

function stateOf({ open, away }: PresenceEntry): PresenceState {
  if (open === 0) return "offline";
  return away === open ? "away" : "online";
}
