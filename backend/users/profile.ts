import { rolesUpTo } from "../surface/roles.ts";
import type { Listed, Profile } from "./shapes.ts";
import type { User } from "./user-store.ts";

/** A user as that user sees themself: no hash, no state of ours. */
export function profile(user: User): Profile {
  const { id, email, name, createdAt, verifiedAt } = user;
  return { id, email, name, verified: verifiedAt !== null, roles: rolesUpTo(user.role), createdAt };
}

/** A user as admins see one. */
export function listed(user: User): Listed {
  return { ...profile(user), disabledAt: user.disabledAt };
}
