import { createHash, randomBytes } from "node:crypto";

/**
 * What a link in a mail is for: to show that an address is one's own, to choose a new password, to move to another
 * address.
 */
export const MAIL_PURPOSES = ["verify", "reset", "move"] as const;
export type MailPurpose = (typeof MAIL_PURPOSES)[number];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Milliseconds that a link is good for. */
export const LINK_LIFE: Readonly<Record<MailPurpose, number>> = { verify: 24 * HOUR, reset: HOUR, move: HOUR };

/** Milliseconds after which earlier mails are forgotten; no link lives longer. */
export const MAIL_MEMORY = 24 * HOUR;
/**
 * The longest wait between two mails of one purpose to one user: as long as a password's link lives, so that an
 * attacker who requests links again and again cannot keep the owner from having one that works.
 */
const LONGEST_PAUSE = HOUR;

/** The mails of one purpose that a user has been sent lately. */
export interface MailHistory {
  /** When the last one was. */
  readonly issuedAt: number;
  /** How many it has been. */
  readonly issues: number;
}

/** Milliseconds until the next mail may go out, doubling with each: 1 minute, 2, 4 ... 1 hour. 0 when it may now. */
export function mailPause(history: MailHistory | undefined, now: number): number {
  if (!history || isForgotten(history, now)) return 0;
  const pause = Math.min(LONGEST_PAUSE, MINUTE * 2 ** Math.min(history.issues - 1, 30));
  return Math.max(0, history.issuedAt + pause - now);
}

/** Whether mails before count no more. */
export function isForgotten(history: MailHistory, now: number): boolean {
  return now - history.issuedAt >= MAIL_MEMORY;
}

/** What a link carries: 256 random bits, base64url. The store keeps their hash only. */
export function newMailToken(): { readonly token: string; readonly hash: string } {
  const token = randomBytes(32).toString("base64url");
  return { token, hash: mailTokenHash(token) };
}

/** SHA-256 of a token, base64url. */
export function mailTokenHash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
