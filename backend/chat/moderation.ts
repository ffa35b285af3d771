import type { Role } from "../surface/roles.ts";
import { accepted, type Checked, refused } from "../text/checked.ts";
import { messageText } from "../text/text.ts";
import { ROOM_ROLES, type RoomMembership, roleIn } from "./membership.ts";

export { OUTCOMES, type Outcome, type Report } from "./shapes.ts";

/** Longest reason in UTF-16 code units. */
export const REASON_MAX = 500;
/** Open reports that one user may have. */
export const OPEN_REPORTS_MAX = 20;
/** Milliseconds that a settled report is kept: 90 days. */
export const REPORTS_KEPT = 90 * 24 * 60 * 60 * 1000;

/** Above every role of a room: moderators and admins of the site, in rooms that anybody can enter. */
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

/** The rank from which one moderates. */
export const MODERATOR = ROOM_ROLES.indexOf("moderator");
export const OWNER = ROOM_ROLES.indexOf("owner");

/** Why a message is reported: text like a message's, but short. */
export function reportReason(input: string): Checked<string> {
  const text = messageText(input);
  if (!text.ok) return text;
  return text.value.length > REASON_MAX ? refused("REASON_LONG") : accepted(text.value);
}
