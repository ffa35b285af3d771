import type { HousekeepingTask } from "../housekeeping.service.ts";
import { AUDIT_KEPT } from "./audit.ts";
import { MAIL_MEMORY } from "./mail-token.ts";
import type { UsersStore } from "./store.ts";

const ROUND_MS = 6 * 60 * 60 * 1000;

/** Removes links and audit records past their time. */
export function usersHousekeeping(store: UsersStore, clock: () => number): readonly HousekeepingTask[] {
  const round = async () => {
    await store.mailTokens.prune(clock() - MAIL_MEMORY);
    await store.audit.prune(clock() - AUDIT_KEPT);
  };
  return [{ intervalMs: ROUND_MS, isAwaited: true, run: round }];
}
