import type { HousekeepingTask } from "../housekeeping.service.ts";
import { AUDIT_RETENTION_MS } from "./audit.ts";
import { MAIL_HISTORY_MS } from "./mail-token.ts";
import type { UsersStore } from "./store.ts";

const ROUND_MS = 6 * 60 * 60 * 1000;

/** Removes records of mailed links, and audit records, that are older than they are kept. */
export function usersHousekeeping(store: UsersStore, clock: () => number): readonly HousekeepingTask[] {
  const round = async () => {
    await store.mailTokens.prune(clock() - MAIL_HISTORY_MS);
    await store.audit.prune(clock() - AUDIT_RETENTION_MS);
  };
  return [{ intervalMs: ROUND_MS, isAwaited: true, run: round }];
}
