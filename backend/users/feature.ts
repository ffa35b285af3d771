import { availableParallelism } from "node:os";
import type { FeatureModule } from "../feature.ts";
import { afterUsersRestore } from "./after-restore.ts";
import { createHashingQueue } from "./hashing-queue.ts";
import { usersHousekeeping } from "./housekeeping.ts";
import { usersMigrations } from "./migrations.ts";
import { HASH_COST, type HashCost } from "./password.ts";
import { setupPath } from "./setup.ts";
import { usersStore } from "./store.ts";
import { MAX_RESET_DELAY_MS } from "./user-mail.ts";
import { usersService } from "./users.service.ts";

/** Maximum number of sign-ins and registrations that wait for a hash; with more, users would wait too long. */
const MAX_QUEUED_HASHES = 64;

/** What tests replace. */
export interface UsersOptions {
  /** Tests hash cheaply where hashing is not their subject; no configuration reaches this. */
  readonly hashCost?: HashCost;
  /** Milliseconds after which a request for a new password is handled. */
  readonly resetDelayMs?: () => number;
}

/** Users, their passwords and what is sent to them. */
export function usersFeature({
  hashCost = HASH_COST,
  resetDelayMs = () => Math.random() * MAX_RESET_DELAY_MS,
}: UsersOptions = {}): FeatureModule {
  return {
    migrations: usersMigrations,
    afterRestore: afterUsersRestore,
    start({ database, clock, config, post, site }) {
      const store = database.open(usersStore);
      // at most half of the cores hash, so that the other endpoints stay fast under a flood of sign-ins. At most three
      // of the four threads of Node's pool hash: the fourth one syncs the database's log, and messages wait for that
      const maxRunning = Math.min(3, Math.max(1, availableParallelism() >> 1));
      const hashing = createHashingQueue({ maxRunning, maxWaiting: MAX_QUEUED_HASHES });
      const { registration } = config;
      return {
        services: [usersService({ store, hashing, hashCost, clock, post, site, resetDelayMs, registration })],
        housekeeping: usersHousekeeping(store, clock),
        setupPath: () => setupPath(store, clock()),
      };
    },
  };
}
