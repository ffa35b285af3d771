import type { Events } from "../contract/index.ts";
import { waitOwnTime } from "../own-time.ts";
import type { UsersStore } from "../users/index.ts";
import type { AuthStore } from "./store.ts";

/** Milliseconds between two looks: how late a node is that heard nothing. */
const ROUND = 400;
/**
 * Milliseconds that each look goes back behind the one before: nodes know the database's time a little differently, and
 * a change shows only when it is committed.
 */
const OVERLAP = 10_000;
/** Milliseconds without a look after which a node that hears no other node knows nothing any more. */
const BLIND = 1_000;
/** Milliseconds between two checks of that. */
const CHECK = 100;
/**
 * Milliseconds, of a time in which this process ran, that answers have to come before it counts as blind: one that was
 * busy or stopped finds them waiting for it.
 */
const PATIENCE = 400;

/** Where is read what has ended lately. */
export interface RevocationStore extends AuthStore, Pick<UsersStore, "users"> {
  readonly members: { endedSince(since: number): Promise<readonly Events["chat.left"][]> };
}

export interface Revocations {
  /** The node has heard of it: it will not be told again. */
  heard(key: string): void;
  stop(): void;
}

/** How a role's change is known, by the user and its time. */
export const roleKey = (id: string, at: number): string => `${id} ${at}`;

/**
 * Looks into the store for sessions and memberships that have ended and roles that have changed, so that they count
 * within a second where the news of them did not arrive: on a node that is cut off from the others, or when a command
 * beside the backend did it. One query of an index for each, whatever is connected.
 */
export function watchRevocations(options: {
  readonly store: RevocationStore;
  readonly clock: () => number;
  /** Whether news of other nodes arrive, as far as this one can tell; asked only while the store is silent. */
  readonly hears: () => Promise<boolean>;
  readonly onEnded: (sid: string) => void;
  readonly onRoleChanged: (id: string, at: number) => void;
  readonly onLeft: (left: Events["chat.left"]) => void;
  /** No packets of other nodes come and the store does not respond: sessions may have ended unnoticed. */
  readonly onBlind: () => void;
}): Revocations {
  const { store, clock, hears, onEnded, onRoleChanged, onLeft, onBlind } = options;
  const known = new Map<string, number>();
  let seenAt = clock();
  let looking = false;
  let listening = false;

  /** Also when the clock was set: then it cannot be said how long ago the last look was. */
  const isLate = (): boolean => Math.abs(clock() - seenAt) > BLIND;

  const isNews = (key: string): boolean => {
    if (known.has(key)) return false;
    known.set(key, clock());
    return true;
  };

  const look = async (): Promise<void> => {
    const now = clock();
    const since = Math.min(now, seenAt) - OVERLAP; // the database's clock may have been set back
    const [ended, changed, left] = await Promise.all([
      store.sessions.endedSince(since),
      store.users.roleChangedSince(since),
      store.members.endedSince(since),
    ]);
    for (const sid of ended) if (isNews(sid)) onEnded(sid);
    for (const { id, at } of changed) if (isNews(roleKey(id, at))) onRoleChanged(id, at);
    for (const one of left) if (isNews(`${one.room} ${one.user} ${one.revision}`)) onLeft(one);
    seenAt = now;
    for (const [key, at] of known) {
      if (at >= since - OVERLAP) break; // they stand in the order of their time
      known.delete(key);
    }
  };

  /** Looks, and once more where the answer has come so late that it says nothing about now. */
  const lookInTime = async (): Promise<void> => {
    await look();
    if (isLate()) await look();
  };

  const listen = async (): Promise<void> => {
    const [isHeard] = await Promise.all([hears(), waitOwnTime(PATIENCE)]);
    if (!isHeard && isLate()) onBlind();
  };

  const check = (): void => {
    if (listening || !isLate()) return;
    listening = true;
    listen().finally(() => {
      listening = false;
    });
  };

  const round = (): void => {
    if (looking) return;
    looking = true;
    lookInTime()
      .catch(() => undefined) // the next one looks further back
      .finally(() => {
        looking = false;
      });
  };

  const timers = [setInterval(check, CHECK).unref(), setInterval(round, ROUND).unref()];
  return { heard: (key) => void isNews(key), stop: () => timers.forEach(clearInterval) };
}
