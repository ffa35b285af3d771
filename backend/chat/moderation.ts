import type { Role } from "../surface/roles.ts";
import { accepted, type Checked, refused } from "../text/checked.ts";
import { messageText } from "../text/text.ts";
import { ROOM_ROLES, type RoomMembership, roleIn } from "./membership.ts";

export { OUTCOMES, type Outcome, type Report } from "./shapes.ts";

/** Maximum length of a report's reason, in UTF-16 code units. */
export const REASON_MAX = 500;
/** Maximum number of one user's reports that are not settled. */
export const OPEN_REPORTS_MAX = 20;
/** Milliseconds for which a settled report is kept: 90 days. */
export const REPORTS_KEPT = 90 * 24 * 60 * 60 * 1000;

/** The rank of moderators and admins of the site in public rooms: above every role of a room. */
export const SITE = ROOM_ROLES.length;

/**
 * The rank of a user in a room; -1 for users who are not members. Site moderators rank highest in public rooms, even
 * where they are not members; in the other rooms they rank like any user.
 */
export function rank(standing: RoomMembership, roles: readonly Role[]): number {
  if (standing.room.kind === "public" && roles.includes("moderator")) return SITE;
  const role = roleIn(standing);
  return role === undefined ? -1 : ROOM_ROLES.indexOf(role);
}

/** The lowest rank that may moderate. */
export const MODERATOR = ROOM_ROLES.indexOf("moderator");
export const OWNER = ROOM_ROLES.indexOf("owner");

/** Checks the reason of a report: like the text of a message, but shorter. */
export function reportReason(input: string): Checked<string> {
  const text = messageText(input);
  if (!text.ok) return text;
  return text.value.length > REASON_MAX ? refused("REASON_LONG") : accepted(text.value);
}
