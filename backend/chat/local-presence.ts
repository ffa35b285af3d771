import type { DeviceState, PresenceHere, PresenceState, PresenceTimes } from "./presence.ts";

/** A user with sockets on this node. */
interface PresenceEntry {
  /** Number of the user's sockets. */
  open: number;
  /** Number of those that are away. */
  away: number;
  /** The state that the other nodes have. */
  told: PresenceState;
  /** When the next change may be reported, in milliseconds. */
  notBefore: number;
}

/**
 * Maximum number of users in one report, which has to fit into a message of NATS (1 MB). Few nodes have more sockets.
 */
const CHUNK = 20_000;
/** Number of windows without a change after which a node sends an empty report, so that nodes notice a lost one. */
const BEAT = 15;

/**
 * Which users have sockets on this node, and what the other nodes have been told of them. It has an entry for each user
 * with a socket, or whose last one has closed a moment ago.
 */
export class LocalPresence {
  readonly #times: PresenceTimes;
  readonly #clock: () => number;
  readonly #entries = new Map<string, PresenceEntry>();
  readonly #changed = new Set<string>();
  /** Users whose state is reported again. */
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

  /** Reports all users again: another node has missed a report. */
  repeat(): void {
    this.#isWhole = true;
  }

  /** Stops reporting: sockets that close from now on come back on other nodes. */
  end(): void {
    this.#isEnded = true;
  }

  /** Returns the report for the other nodes; undefined where there is none. To be called once a window. */
  tick(): PresenceHere | undefined {
    if (this.#isEnded) return undefined;
    const users: Record<PresenceState, string[]> = { online: [], away: [], offline: [] };
    const isWhole = this.#isWhole;
    this.#isWhole = false;
    if (isWhole) {
      this.#again = [...this.#entries].filter(([, entry]) => entry.told !== "offline").map(([user]) => user);
    }
    if (isWhole || this.#again.length > 0) {
      for (const user of this.#again.splice(0, CHUNK)) users[this.#entries.get(user)?.told ?? "offline"].push(user);
    } else if (!this.#collect(users) && ++this.#quiet < BEAT) {
      return undefined;
    }
    this.#quiet = 0;
    this.#revision += 1;
    return { revision: this.#revision, whole: isWhole, ...users };
  }

  #change(user: string, state: DeviceState, added: 1 | -1): void {
    const entry = this.#entries.get(user) ?? { open: 0, away: 0, told: "offline", notBefore: 0 };
    this.#entries.set(user, entry);
    entry.open += added;
    if (state === "away") entry.away += added;
    if (entry.open === 0) entry.notBefore = Math.max(entry.notBefore, this.#clock() + this.#times.grace);
    this.#changed.add(user);
  }

  /** Adds the users whose state has changed and may be reported now. Returns whether there are any. */
  #collect(users: Record<PresenceState, string[]>): boolean {
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
      users[state].push(user);
      if (++count === CHUNK) break;
    }
    return count > 0;
  }
}

function stateOf({ open, away }: PresenceEntry): PresenceState {
  if (open === 0) return "offline";
  return away === open ? "away" : "online";
}
