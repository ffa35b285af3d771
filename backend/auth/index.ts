import type { FeatureModule } from "../feature.ts";
import { authFeature } from "./feature.ts";

export { generateSigningKey } from "./access-token.ts";
export { KEY_DELAY_MS, KEY_OVERLAP_MS } from "./key-ring.ts";
export { type AuthStore, authStore } from "./store.ts";
export type { AuthTables } from "./tables.ts";

export const feature: FeatureModule = authFeature();
