import type { ServiceSchema } from "moleculer";
import { AUDIT_KEPT } from "../domain/audit.ts";
import { MAIL_MEMORY } from "../domain/mail-token.ts";
import { LEFT_KEPT } from "../domain/membership.ts";
import { REPORTS_KEPT } from "../domain/moderation.ts";
import { ENDED_KEPT, SESSION_MAX } from "../domain/session.ts";
import type { Store } from "../store/index.ts";

/** Milliseconds between two rounds. */
const ROUND = 6 * 60 * 60 * 1000;

/** Drops what nobody needs any more: sessions that cannot live, links, audit records and settled reports past their time, rooms that all have left. On the start and every few hours. */
export function housekeepingService(options: { readonly store: Store; readonly clock: () => number }): ServiceSchema {
  const { store, clock } = options;
  let timer: NodeJS.Timeout | undefined;
  const round = async () => {
    await store.sessions.prune(clock() - SESSION_MAX, clock() - ENDED_KEPT);
    await store.mailTokens.prune(clock() - MAIL_MEMORY);
    await store.audit.prune(clock() - AUDIT_KEPT);
    await store.members.prune(clock() - LEFT_KEPT, clock());
    await store.reports.prune(clock() - REPORTS_KEPT);
    await store.rooms.prune();
  };
  return {
    name: "housekeeping",
    async started() {
      await round();
      timer = setInterval(() => {
        round().catch((error: unknown) => this.logger.error("housekeeping failed", error));
      }, ROUND);
      timer.unref();
    },
    async stopped() {
      clearInterval(timer);
    },
  };
}
