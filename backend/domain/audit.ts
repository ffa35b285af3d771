/** What is recorded for admins: who did what to whose account, and site moderators to whom in which room. */
export const AUDIT_ACTIONS = [
  "user.registered",
  "login.succeeded",
  "login.failed",
  "session.ended",
  "session.reused",
  "profile.changed",
  "email.changed",
  "email.verified",
  "verification.requested",
  "password.changed",
  "password.reset",
  "reset.requested",
  "role.changed",
  "user.disabled",
  "user.enabled",
  "user.removed",
  "member.role",
  "member.muted",
  "member.unmuted",
  "member.kicked",
  "member.banned",
  "member.unbanned",
  "message.removed",
  "report.upheld",
  "report.dismissed",
] as const;
export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** One line of the audit log. It holds no secrets, and no e-mail addresses, so that it outlives the people in it. */
export interface AuditRecord {
  /** Sorts by time. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly action: AuditAction;
  /** User who did it; null when nobody was signed in, or a command on the server did it. */
  readonly actorId: string | null;
  /** User whom it concerns. */
  readonly subjectId: string;
  readonly address: string | null;
  readonly detail: string | null;
}

/** Milliseconds that records are kept: a year. */
export const AUDIT_KEPT = 365 * 24 * 60 * 60 * 1000;
