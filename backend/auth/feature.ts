import type { FeatureModule } from "../feature.ts";
import { usersStore } from "../users/index.ts";
import { afterAuthRestore } from "./after-restore.ts";
import { authService } from "./auth.service.ts";
import { authHousekeeping } from "./housekeeping.ts";
import { authMigrations } from "./migrations.ts";
import { authStore } from "./store.ts";

/** Sessions and tokens. */
export function authFeature(): FeatureModule {
  return {
    migrations: authMigrations,
    afterRestore: afterAuthRestore,
    start({ database, clock }) {
      const store = { ...database.open(usersStore), ...database.open(authStore) };
      return { services: [authService({ store, clock })], housekeeping: authHousekeeping(store, clock) };
    },
  };
}
