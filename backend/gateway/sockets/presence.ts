import type { DeviceState, PresenceHere, PresenceState, PresenceTimes } from "../../chat/presence.ts";

/**
 * Which users have sockets on this node. It holds no more than there are sockets, and those that closed a moment ago.
 */
export interface LocalPresence {
  opened(user: string, state: DeviceState): void;
  closed(user: string, state: DeviceState): void;
  /** Tells all states again: another node has lost them. */
  repeat(): void;
  /** To be called once a window: what to tell the other nodes, if anything. */
  tick(): PresenceHere | undefined;
}

interface PresenceEntry {
  open: number;
  away: number;
  told: PresenceState;
  /** When it may be told again. */
  notBefore: number;
}

/** Users in one event, as many as a message of NATS carries (1 MB); a node has hardly more sockets. */
const CHUNK = 20_000;
/** Windows after which a node speaks even though nothing has changed, so that a lost event is noticed. */
const BEAT = 15;

/** `clock` in milliseconds. */
export function createLocalPresence(times: PresenceTimes, clock: () => number): LocalPresence {
  const entries = new Map<string, PresenceEntry>();
  const changed = new Set<string>();
  /** Users whose told state has to be said again. */
  let again: string[] = [];
  let revision = 0;
  let quiet = 0;
  let whole = true;

  function change(user: string, state: DeviceState, by: 1 | -1): void {
    const entry = entries.get(user) ?? { open: 0, away: 0, told: "offline", notBefore: 0 };
    entries.set(user, entry);
    entry.open += by;
    if (state === "away") entry.away += by;
    if (entry.open === 0) entry.notBefore = Math.max(entry.notBefore, clock() + times.grace);
    changed.add(user);
  }

  return {
    opened: (user, state) => change(user, state, 1),
    closed: (user, state) => change(user, state, -1),
    repeat() {
      whole = true;
    },
    tick() {
      const told: Record<PresenceState, string[]> = { online: [], away: [], offline: [] };
      const isWhole = whole;
      whole = false;
      if (isWhole) again = [...entries].filter(([, entry]) => entry.told !== "offline").map(([user]) => user);
      if (isWhole || again.length > 0) {
        for (const user of again.splice(0, CHUNK)) told[entries.get(user)?.told ?? "offline"].push(user);
      } else if (!collect(told) && ++quiet < BEAT) {
        return undefined;
      }
      quiet = 0;
      return { revision: ++revision, whole: isWhole, ...told };
    },
  };

  /** Takes what has changed and may be told by now; whether there is any. */
  function collect(told: Record<PresenceState, string[]>): boolean {
    const now = clock();
    let count = 0;
    for (const user of changed) {
      const entry = entries.get(user);
      const state = entry ? stateOf(entry) : "offline";
      if (entry && state !== entry.told && now < entry.notBefore) continue;
      changed.delete(user);
      if (state === "offline") entries.delete(user);
      if (!entry || state === entry.told) continue;
      entry.told = state;
      entry.notBefore = now + times.pace;
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
