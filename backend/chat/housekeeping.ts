import type { ServiceBroker } from "moleculer";
import type { HousekeepingTask } from "../housekeeping.service.ts";
import { LEFT_RETENTION_MS } from "./membership.ts";
import { endMembershipsOf } from "./memberships.ts";
import { REPORT_RETENTION_MS } from "./moderation.ts";
import type { ChatParts } from "./room-access.ts";
import type { Retention } from "./store/index.ts";

const ROUND_MS = 6 * 60 * 60 * 1000;
const RETENTION_ROUND_MS = 10 * 60 * 1000;
const SEARCH_ROUND_MS = 10 * 1000;
const REMOVED_ROUND_MS = 60 * 1000;
/** Milliseconds by which the time spans of two rounds overlap: the clocks of nodes differ a little. */
const REMOVED_OVERLAP_MS = 60 * 60 * 1000;
/** The bytes of users above this share of the quota are counted again: a wrong count must not refuse their messages. */
const RECOUNT_SHARE = 0.9;

/**
 * Removes old memberships and settled reports, rooms that all members have left, and, where the operator has set
 * limits, messages beyond them. Adds messages to the search index. Ends the memberships of removed accounts.
 */
export function chatHousekeeping(
  options: ChatParts & { readonly retention: Retention; readonly quota: number },
): readonly HousekeepingTask[] {
  const { store, clock, retention, quota } = options;
  const round = async () => {
    await store.members.prune(clock() - LEFT_RETENTION_MS, clock());
    await store.reports.prune(clock() - REPORT_RETENTION_MS);
    if (quota !== Number.POSITIVE_INFINITY) await store.messages.recount(Math.floor(quota * RECOUNT_SHARE));
  };
  const tasks = [
    { intervalMs: ROUND_MS, isAwaited: true, run: round },
    { intervalMs: REMOVED_ROUND_MS, isAwaited: false, run: endMembershipsOfRemoved(options) },
    { intervalMs: ROUND_MS, isAwaited: false, run: (signal: AbortSignal) => store.rooms.prune(signal) },
    { intervalMs: SEARCH_ROUND_MS, isAwaited: false, run: (signal: AbortSignal) => store.search.fill({ signal }) },
  ];
  if (retention.maxAge === undefined && retention.perRoom === undefined) return tasks;
  const pruneMessages = (signal: AbortSignal) => store.messages.prune(retention, clock(), signal);
  return [...tasks, { intervalMs: RETENTION_ROUND_MS, isAwaited: false, run: pruneMessages }];
}

/**
 * Ends the memberships of removed accounts whose node died before it could end them. The first round looks at all
 * removed accounts, later ones at those removed since the round before, and at those whose memberships could not be
 * ended. One that fails does not stop the others. Rejects with the first error when all were tried.
 */
function endMembershipsOfRemoved(parts: ChatParts): HousekeepingTask["run"] {
  let since = 0;
  let failed: readonly string[] = [];
  return async (signal: AbortSignal, broker: ServiceBroker) => {
    const start = parts.clock();
    const errors = new Map<string, unknown>();
    for (const user of new Set([...failed, ...(await parts.store.members.removedUsersInRooms(since))])) {
      if (signal.aborted) return;
      await endMembershipsOf(parts, broker, user).catch((error: unknown) => errors.set(user, error));
    }
    since = start - REMOVED_OVERLAP_MS;
    failed = [...errors.keys()];
    if (errors.size > 0) throw errors.values().next().value;
  };
}
