import type { HousekeepingTask } from "../housekeeping.service.ts";
import { ENDED_KEPT, SESSION_MAX } from "./session.ts";
import type { AuthStore } from "./store.ts";

const ROUND_MS = 6 * 60 * 60 * 1000;

/** Removes sessions that have expired, and ended ones past their time. */
export function authHousekeeping(store: AuthStore, clock: () => number): readonly HousekeepingTask[] {
  const round = () => store.sessions.prune(clock() - SESSION_MAX, clock() - ENDED_KEPT);
  return [{ intervalMs: ROUND_MS, isAwaited: true, run: round }];
}
