import type { FeatureModule } from "../feature.ts";
import { chatFeature } from "./feature.ts";

export { type ChatStore, chatStore } from "./store/index.ts";

export const feature: FeatureModule = chatFeature();
