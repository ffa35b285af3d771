import { waitOwnTime } from "../own-time.ts";
import { pollChanges } from "../store/index.ts";
import type { UsersStore } from "../users/index.ts";
import type { AuthStore } from "./store.ts";

/** Milliseconds without a check after which a node without contact to others does not know which sessions are live. */
const BLIND_MS = 1_000;
/** Milliseconds between two checks of that. */
const CHECK_MS = 100;
/**
 * Milliseconds that responses have before the node counts as blind. Only time in which this process ran counts: a
 * process that was busy or stopped finds the responses waiting for it.
 */
const RESPONSE_MS = 400;

export interface Revocations {
  /** The event of a change has arrived at this node: the change is not reported. */
  ignore(key: string): void;
  stop(): void;
}

/** Identifies a change of a role, by the user and the time. */
export const roleKey = (id: string, at: number): string => `${id} ${at}`;

/**
 * Looks into the database for sessions that have ended and roles that have changed, so that they count within a second
 * on a node that did not get the event (`pollChanges`).
 */
export function watchRevocations(options: {
  readonly store: Pick<AuthStore, "sessions"> & Pick<UsersStore, "users">;
  readonly clock: () => number;
  /** Whether events of other nodes arrive; called only while the database does not respond. */
  readonly isNatsResponding: () => Promise<boolean>;
  readonly onEnded: (sid: string) => void;
  readonly onRoleChanged: (id: string, at: number) => void;
  /** Neither NATS nor the database responds: sessions may have ended without this node's knowledge. */
  readonly onBlind: () => void;
}): Revocations {
  const { store, clock, isNatsResponding, onEnded, onRoleChanged, onBlind } = options;
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
  let isListening = false;

  /** Also true when the clock was set: then the age of the last check is unknown. */
  const isLate = (): boolean => Math.max(ended.age(), roles.age()) > BLIND_MS;

  async function listen(): Promise<void> {
    const [isResponding] = await Promise.all([isNatsResponding(), waitOwnTime(RESPONSE_MS)]);
    if (!isResponding && isLate()) onBlind();
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
