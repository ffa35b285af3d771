import { waitOwnTime } from "../own-time.ts";
import { pollChanges } from "../store/index.ts";
import type { UsersStore } from "../users/index.ts";
import type { AuthStore } from "./store.ts";

/**
 * Milliseconds since the last successful check after which the sessions count as unreadable, unless NATS responds: the
 * node no longer knows which of them are live.
 */
const UNREADABLE_MS = 1_000;
/** Milliseconds between two checks whether the last successful look into the database is too old. */
const CHECK_MS = 100;
/**
 * Milliseconds that NATS has to respond before the sessions count as unreadable. Only time in which this process ran
 * counts: a process that was busy or stopped finds the responses waiting for it.
 */
const RESPONSE_MS = 400;

export interface Revocations {
  /** The event of a change has arrived at this node: the change in the database is not reported again. */
  ignore(key: string): void;
  stop(): void;
}

/** Identifies a change of a role, by the user and the time. */
export const roleKey = (id: string, at: number): string => `${id} ${at}`;

/**
 * Looks into the database for sessions that have ended and roles that have changed, so that a node that did not get the
 * event applies them within a second too (`pollChanges`).
 */
export function watchRevocations(options: {
  readonly store: Pick<AuthStore, "sessions"> & Pick<UsersStore, "users">;
  readonly clock: () => number;
  /** Whether events of other nodes arrive; called only while the database does not respond. */
  readonly isNatsResponding: () => Promise<boolean>;
  readonly onEnded: (sid: string) => void;
  readonly onRoleChanged: (id: string, at: number) => void;
  /** Neither NATS nor the database responds: sessions may have ended without this node's knowledge. */
  readonly onSessionsUnreadable: () => void;
}): Revocations {
  const { store, clock, isNatsResponding, onEnded, onRoleChanged, onSessionsUnreadable } = options;
  const ended = pollChanges({
    clock,
    changedSince: (since) => store.sessions.endedSince(since),
    keyOf: (sid) => sid,
    onChange: onEnded,
  });
  const roles = pollChanges({
    clock,
    changedSince: (since) => store.users.roleChangedSince(since),
    keyOf: ({ id, at }) => roleKey(id, at),
    onChange: ({ id, at }) => onRoleChanged(id, at),
  });
  let isAskingNats = false;

  /** Also true when the clock was set: then the age of the last check is unknown. */
  const isLate = (): boolean => Math.max(ended.age(), roles.age()) > UNREADABLE_MS;

  async function askNats(): Promise<void> {
    const [isResponding] = await Promise.all([isNatsResponding(), waitOwnTime(RESPONSE_MS)]);
    if (!isResponding && isLate()) onSessionsUnreadable();
  }

  function askNatsWhenLate(): void {
    if (isAskingNats || !isLate()) return;
    isAskingNats = true;
    askNats().finally(() => {
      isAskingNats = false;
    });
  }

  const timer = setInterval(askNatsWhenLate, CHECK_MS).unref();
  return {
    ignore(key) {
      ended.ignore(key);
      roles.ignore(key);
    },
    stop() {
      clearInterval(timer);
      ended.stop();
      roles.stop();
    },
  };
}
