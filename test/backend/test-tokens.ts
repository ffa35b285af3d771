import { refuse, type VerifiedToken } from "../../backend/contract/index.ts";
import { ROLES, type Role } from "../../backend/surface.ts";

/**
 * The access token of a user for a gateway under test: `ROLE.NAME.END`, where END is in seconds since 1970. The id of
 * the session is `s-NAME`.
 */
export function tokenOf(name: string, role: Role = "user", seconds = 600): string {
  return `${role}.${name}.${Math.round(Date.now() / 10) / 100 + seconds}`;
}

export const verifyTestToken = (token: string): VerifiedToken => {
  const [role, name, ...end] = token.split(".");
  const ownRole = ROLES.find((one) => one === role);
  if (!ownRole || !name) throw refuse("UNAUTHORIZED");
  return { id: name, sid: `s-${name}`, roles: ROLES.slice(0, ROLES.indexOf(ownRole) + 1), exp: Number(end.join(".")) };
};
