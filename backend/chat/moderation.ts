import type { Role } from "../surface/roles.ts";
import { accepted, type Checked, refused } from "../text/checked.ts";
import { checkMessageText } from "../text/text.ts";
import { ROOM_ROLES, roleIn, type Standing } from "./membership.ts";

export { REPORT_OUTCOMES, type Report, type ReportOutcome } from "./shapes.ts";

/** Maximum length of a report's reason, in UTF-16 code units. */
export const MAX_REASON_LENGTH = 500;
/** Maximum number of one user's reports that are not settled. */
export const MAX_OPEN_REPORTS = 20;
/** Milliseconds for which a settled report is kept: 90 days. */
export const REPORT_RETENTION_MS = 90 * 24 * 60 * 60 * 1000;

/** The rank of moderators and admins of the site in public rooms: above every role of a room. */
export const SITE_MODERATOR_RANK = ROOM_ROLES.length;

/** The rank of users who are not members: below every role of a room. */
export const NOT_A_MEMBER_RANK = -1;

/**
 * The rank of a user in a room. Site moderators rank highest in public rooms, even
 * where they are not members; in the other rooms they rank like any user.
 */
export function rankOf(standing: Standing, roles: readonly Role[]): number {
  if (standing.room.kind === "public" && roles.includes("moderator")) return SITE_MODERATOR_RANK;
  const role = roleIn(standing);
  return role === undefined ? NOT_A_MEMBER_RANK : ROOM_ROLES.indexOf(role);
}

/** The lowest rank that may moderate. */
export const MODERATOR_RANK = ROOM_ROLES.indexOf("moderator");
export const OWNER_RANK = ROOM_ROLES.indexOf("owner");

/** Checks the reason of a report: like the text of a message, but shorter. */
export function checkReportReason(input: string): Checked<string> {
  const text = checkMessageText(input);
  if (!text.ok) return text;
  return text.value.length > MAX_REASON_LENGTH ? refused("REASON_LONG") : accepted(text.value);
}
