import type { DeviceState, PresenceReport, PresenceState, PresenceTimes } from "./presence.ts";

/** A user with sockets on this node. */
interface PresenceEntry {
  /** Number of the user's sockets. */
  sockets: number;
  /** Number of those that are away. */
  awaySockets: number;
  /** The state that the other nodes have. */
  reported: PresenceState;
  /** When the next change may be reported, in milliseconds. */
  notBefore: number;
}

/**
 * Maximum number of users in one report, which has to fit into a message of NATS (1 MB). Few nodes have more sockets.
 */
const MAX_USERS_PER_REPORT = 20_000;
/** Number of windows without a change after which a node sends an empty report, so that nodes notice a lost one. */
const MAX_QUIET_WINDOWS = 15;

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
  #toRepeat: string[] = [];
  #revision = 0;
  #quietWindows = 0;
  #isWhole = true;
  #isStopped = false;

  /** `clock` in milliseconds. */
  constructor(times: PresenceTimes, clock: () => number = () => performance.now()) {
    this.#times = times;
    this.#clock = clock;
  }

  socketOpened(user: string, state: DeviceState): void {
    this.#change(user, state, 1);
  }

  socketClosed(user: string, state: DeviceState): void {
    this.#change(user, state, -1);
  }

  /** Reports all users again: another node has missed a report. */
  repeatAll(): void {
    this.#isWhole = true;
  }

  /** Stops reporting: sockets that close from now on come back on other nodes. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Returns the report for the other nodes; undefined where there is none. To be called once a window. */
  nextReport(): PresenceReport | undefined {
    if (this.#isStopped) return undefined;
    const users: Record<PresenceState, string[]> = { online: [], away: [], offline: [] };
    const isWhole = this.#isWhole;
    this.#isWhole = false;
    if (isWhole) {
      this.#toRepeat = [...this.#entries].filter(([, entry]) => entry.reported !== "offline").map(([user]) => user);
    }
    if (isWhole || this.#toRepeat.length > 0) {
      for (const user of this.#toRepeat.splice(0, MAX_USERS_PER_REPORT))
        users[this.#entries.get(user)?.reported ?? "offline"].push(user);
    } else if (!this.#collect(users) && ++this.#quietWindows < MAX_QUIET_WINDOWS) {
      return undefined;
    }
    this.#quietWindows = 0;
    this.#revision += 1;
    return { revision: this.#revision, whole: isWhole, ...users };
  }

  #change(user: string, state: DeviceState, added: 1 | -1): void {
    const entry = this.#entries.get(user) ?? { sockets: 0, awaySockets: 0, reported: "offline", notBefore: 0 };
    this.#entries.set(user, entry);
    entry.sockets += added;
    if (state === "away") entry.awaySockets += added;
    if (entry.sockets === 0) entry.notBefore = Math.max(entry.notBefore, this.#clock() + this.#times.graceMs);
    this.#changed.add(user);
  }

  /** Adds the users whose state has changed and may be reported now. Returns whether there are any. */
  #collect(users: Record<PresenceState, string[]>): boolean {
    const now = this.#clock();
    let count = 0;
    for (const user of this.#changed) {
      const entry = this.#entries.get(user);
      const state = entry ? stateOf(entry) : "offline";
      if (entry && state !== entry.reported && now < entry.notBefore) continue;
      this.#changed.delete(user);
      if (state === "offline") this.#entries.delete(user);
      if (!entry || state === entry.reported) continue;
      entry.reported = state;
      entry.notBefore = now + this.#times.intervalMs;
      users[state].push(user);
      if (++count === MAX_USERS_PER_REPORT) break;
    }
    return count > 0;
  }
}

function stateOf({ sockets, awaySockets }: PresenceEntry): PresenceState {
  if (sockets === 0) return "offline";
  return awaySockets === sockets ? "away" : "online";
}
