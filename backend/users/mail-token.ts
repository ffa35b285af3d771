import { createHash, randomBytes } from "node:crypto";

/**
 * What a link in a mail does: `verify` shows that the user reads the mails to an address, `reset` sets a new password,
 * `move` changes the account's address.
 */
export const MAIL_PURPOSES = ["verify", "reset", "move"] as const;
export type MailPurpose = (typeof MAIL_PURPOSES)[number];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Milliseconds for which a link is valid. */
export const LINK_LIFE_MS: Readonly<Record<MailPurpose, number>> = {
  verify: 24 * HOUR_MS,
  reset: HOUR_MS,
  move: HOUR_MS,
};

/** Milliseconds after which earlier mails no longer count. No link is valid for longer. */
export const MAIL_HISTORY_MS = 24 * HOUR_MS;
/**
 * Maximum pause in milliseconds between two mails of one purpose to one user. A link to a new password is valid for as
 * long, so that an attacker who requests links again and again cannot keep the owner from having a valid one.
 */
const MAX_PAUSE_MS = HOUR_MS;

/** The mails of one purpose that a user was sent lately. */
export interface MailHistory {
  /** When the last one was sent, in milliseconds since 1970. */
  readonly issuedAt: number;
  /** Number of mails. */
  readonly issues: number;
}

/** Milliseconds until the next mail may go out, doubling with each: 1 minute, 2, 4 ... 1 hour. 0 when it may now. */
export function mailPause(history: MailHistory | undefined, now: number): number {
  if (!history || isForgotten(history, now)) return 0;
  const pause = Math.min(MAX_PAUSE_MS, MINUTE_MS * 2 ** Math.min(history.issues - 1, 30));
  return Math.max(0, history.issuedAt + pause - now);
}

/** Whether the earlier mails no longer count. */
export function isForgotten(history: MailHistory, now: number): boolean {
  return now - history.issuedAt >= MAIL_HISTORY_MS;
}

/** Makes the token of a link: 256 random bits, base64url. Only its hash is stored. */
export function newMailToken(): { readonly token: string; readonly hash: string } {
  const token = randomBytes(32).toString("base64url");
  return { token, hash: mailTokenHash(token) };
}

/** SHA-256 of a token, base64url. */
export function mailTokenHash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
