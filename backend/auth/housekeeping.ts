import type { HousekeepingTask } from "../housekeeping.service.ts";
import { ENDED_RETENTION_MS, SESSION_MAX_MS } from "./session.ts";
import type { AuthStore } from "./store.ts";

const ROUND_MS = 6 * 60 * 60 * 1000;

/** Removes sessions that have expired, and ended ones past their time. */
export function authHousekeeping(store: AuthStore, clock: () => number): readonly HousekeepingTask[] {
  const round = () => store.sessions.prune(clock() - SESSION_MAX_MS, clock() - ENDED_RETENTION_MS);
  return [{ intervalMs: ROUND_MS, isAwaited: true, run: round }];
}
