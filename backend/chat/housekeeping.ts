import type { HousekeepingTask } from "../housekeeping.service.ts";
import { LEFT_KEPT } from "./membership.ts";
import { REPORTS_KEPT } from "./moderation.ts";
import type { ChatStore, Retention } from "./store/index.ts";

const ROUND_MS = 6 * 60 * 60 * 1000;
const RETENTION_ROUND_MS = 10 * 60 * 1000;
const SEARCH_ROUND_MS = 10 * 1000;
/** Share of the quota from which on a user's messages are counted again. */
const NEAR = 0.9;

/**
 * Removes memberships and settled reports past their time, rooms that all have left, and messages beyond the limits,
 * if there are any. Adds messages to the index of the search.
 */
export function chatHousekeeping(options: {
  readonly store: ChatStore;
  readonly clock: () => number;
  readonly retention: Retention;
  readonly quota: number;
}): readonly HousekeepingTask[] {
  const { store, clock, retention, quota } = options;
  const round = async () => {
    await store.members.prune(clock() - LEFT_KEPT, clock());
    await store.reports.prune(clock() - REPORTS_KEPT);
    if (quota !== Number.POSITIVE_INFINITY) await store.messages.recount(Math.floor(quota * NEAR));
  };
  const tasks = [
    { intervalMs: ROUND_MS, isAwaited: true, run: round },
    { intervalMs: ROUND_MS, isAwaited: false, run: (signal: AbortSignal) => store.rooms.prune(signal) },
    { intervalMs: SEARCH_ROUND_MS, isAwaited: false, run: (signal: AbortSignal) => store.search.fill({ signal }) },
  ];
  if (retention.maxAge === undefined && retention.perRoom === undefined) return tasks;
  const pruneMessages = (signal: AbortSignal) => store.messages.prune(retention, clock(), signal);
  return [...tasks, { intervalMs: RETENTION_ROUND_MS, isAwaited: false, run: pruneMessages }];
}
