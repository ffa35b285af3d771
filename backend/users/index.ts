import type { FeatureModule } from "../feature.ts";
import { usersFeature } from "./feature.ts";

export { type AuditTrail, createAuditTrail } from "./audit-trail.ts";
export type { LockUser } from "./locks.ts";
export { userLock } from "./locks.ts";
export { nameTaker, type TakeName } from "./name-keys.ts";
export { hashFingerprint } from "./password.ts";
export { toProfile } from "./profile.ts";
export { type UsersStore, usersStore } from "./store.ts";
export type { UsersTables } from "./tables.ts";
export type { User } from "./user-store.ts";

export const feature: FeatureModule = usersFeature();
