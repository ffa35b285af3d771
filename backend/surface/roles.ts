/** Roles in ascending order; each includes the ones before it. */
export const ROLES = ["user", "moderator", "admin"] as const;
export type Role = (typeof ROLES)[number];

/** Who may use an entry: any client, or a user who has at least this role. */
export type Access = "public" | Role;

/** All roles that a role includes: its own and the ones below it. */
export function rolesUpTo(role: Role): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(role) + 1);
}
