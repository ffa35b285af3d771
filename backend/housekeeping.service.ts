import type { ServiceSchema } from "moleculer";
import { ENDED_KEPT, SESSION_MAX } from "./auth/session.ts";
import { LEFT_KEPT } from "./chat/membership.ts";
import { REPORTS_KEPT } from "./chat/moderation.ts";
import type { Retention } from "./chat/store/index.ts";
import { DatabaseAway } from "./store/index.ts";
import type { Store } from "./stores.ts";
import { AUDIT_KEPT } from "./users/audit.ts";
import { MAIL_MEMORY } from "./users/mail-token.ts";

/** Milliseconds between two rounds, and between two rounds of removing messages. */
const ROUND = 6 * 60 * 60 * 1000;
const RETENTION_ROUND = 10 * 60 * 1000;
/**
 * Milliseconds between two removals of what throttles have to remember no longer: an attacker can make it many rows.
 */
const THROTTLE_ROUND = 10 * 1000;
/** Share of the quota from which on a user's messages are counted again. */
const NEAR = 0.9;

/**
 * Removes what is no longer needed: sessions that have expired, links, audit records and settled reports past their
 * time, rooms that all have left, and messages beyond the limits, if there are any. On the start and every few hours;
 * messages every ten minutes, beside the traffic and not before the start has ended.
 */
export function housekeepingService(options: {
  readonly store: Store;
  readonly clock: () => number;
  readonly retention: Retention;
  readonly quota: number;
}): ServiceSchema {
  const { store, clock, retention, quota } = options;
  const stop = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  let pruning: Promise<void> | undefined;
  const round = async () => {
    await store.sessions.prune(clock() - SESSION_MAX, clock() - ENDED_KEPT);
    await store.mailTokens.prune(clock() - MAIL_MEMORY);
    await store.audit.prune(clock() - AUDIT_KEPT);
    await store.members.prune(clock() - LEFT_KEPT, clock());
    await store.reports.prune(clock() - REPORTS_KEPT);
    await store.rooms.prune();
    if (quota !== Number.POSITIVE_INFINITY) await store.messages.recount(Math.floor(quota * NEAR));
  };
  const pruneMessages = (): Promise<void> => {
    pruning ??= store.messages.prune(retention, clock(), stop.signal).finally(() => {
      pruning = undefined;
    });
    return pruning;
  };
  return {
    name: "housekeeping",
    async started() {
      const every = (milliseconds: number, work: () => Promise<void>) => {
        const failed = (error: unknown) => {
          // that the database does not work is in the log already
          if (!(error instanceof DatabaseAway)) this.logger.error("housekeeping failed", error);
        };
        const timer = setInterval(() => work().catch(failed), milliseconds);
        timers.push(timer.unref());
      };
      await round();
      every(ROUND, round);
      every(THROTTLE_ROUND, () => store.throttles.prune(clock()));
      if (retention.maxAge === undefined && retention.perRoom === undefined) return;
      every(RETENTION_ROUND, pruneMessages);
      pruneMessages().catch((error: unknown) => this.logger.error("housekeeping failed", error));
    },
    async stopped() {
      for (const timer of timers) clearInterval(timer);
      stop.abort();
      await pruning?.catch(() => undefined);
    },
  };
}
