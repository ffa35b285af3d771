import { rolesUpTo } from "../surface/roles.ts";
import type { ListedAccount, Profile } from "./shapes.ts";
import type { User } from "./user-store.ts";

/** What users may see of their own account: no password hash, and no internal state. */
export function toProfile(user: User): Profile {
  const { id, email, name, createdAt, verifiedAt } = user;
  return { id, email, name, verified: verifiedAt !== null, roles: rolesUpTo(user.role), createdAt };
}

/** What administrators may see of an account. */
export function toListedAccount(user: User): ListedAccount {
  return { ...toProfile(user), disabledAt: user.disabledAt };
}
