import { waitOwnTime } from "../own-time.ts";
import { pollChanges } from "../store/index.ts";
import type { UsersStore } from "../users/index.ts";
import type { AuthStore } from "./store.ts";

/** Milliseconds without a check after which a node without contact to others does not know which sessions live. */
const BLIND_MS = 1_000;
/** Milliseconds between two checks of that. */
const CHECK_MS = 100;
/**
 * Milliseconds, of a time in which this process ran, that responses have to come before it counts as blind: one that
 * was busy or stopped finds them waiting for it.
 */
const PATIENCE_MS = 400;

export interface Revocations {
  /** The event has arrived at this node: the change is not reported again. */
  heard(key: string): void;
  stop(): void;
}

/** How a role's change is known, by the user and its time. */
export const roleKey = (id: string, at: number): string => `${id} ${at}`;

/**
 * Looks into the database for sessions that have ended and roles that have changed, so that they count within a second
 * on a node that did not get the event (`pollChanges`).
 */
export function watchRevocations(options: {
  readonly store: Pick<AuthStore, "sessions"> & Pick<UsersStore, "users">;
  readonly clock: () => number;
  /** Whether events of other nodes arrive, as far as this node can see; called only while the database is silent. */
  readonly hears: () => Promise<boolean>;
  readonly onEnded: (sid: string) => void;
  readonly onRoleChanged: (id: string, at: number) => void;
  /** No packets of other nodes come and the database does not respond: sessions may have ended unnoticed. */
  readonly onBlind: () => void;
}): Revocations {
  const { store, clock, hears, onEnded, onRoleChanged, onBlind } = options;
  const ended = pollChanges({ clock, changedSince: store.sessions.endedSince, keyOf: (sid) => sid, onChange: onEnded });
  const roles = pollChanges({
    clock,
    changedSince: store.users.roleChangedSince,
    keyOf: ({ id, at }) => roleKey(id, at),
    onChange: ({ id, at }) => onRoleChanged(id, at),
  });
  let isListening = false;

  /** Also true when the clock was set: then the age of the last check is unknown. */
  const isLate = (): boolean => Math.max(ended.age(), roles.age()) > BLIND_MS;

  async function listen(): Promise<void> {
    const [isHeard] = await Promise.all([hears(), waitOwnTime(PATIENCE_MS)]);
    if (!isHeard && isLate()) onBlind();
  }

  function check(): void {
    if (isListening || !isLate()) return;
    isListening = true;
    listen().finally(() => {
      isListening = false;
    });
  }

  const timer = setInterval(check, CHECK_MS).unref();
  return {
    heard(key) {
      ended.heard(key);
      roles.heard(key);
    },
    stop() {
      clearInterval(timer);
      ended.stop();
      roles.stop();
    },
  };
}
