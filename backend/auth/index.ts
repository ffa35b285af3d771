import type { FeatureModule } from "../feature.ts";
import { authFeature } from "./feature.ts";

export { type AuthStore, authStore } from "./store.ts";

export const feature: FeatureModule = authFeature();
