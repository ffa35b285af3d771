/** Milliseconds a session may stay unused: 7 days (OWASP ASVS 5.0 7.3.1). */
export const SESSION_IDLE_MS = 7 * 24 * 60 * 60 * 1000;
/** Milliseconds a session may last however it is used: 30 days (OWASP ASVS 5.0 7.3.2). */
export const SESSION_MAX_MS = 30 * 24 * 60 * 60 * 1000;
/** Milliseconds that an ended session is kept: longer than its end may take to reach any node. */
export const ENDED_RETENTION_MS = 24 * 60 * 60 * 1000;
/** Sessions of one user at a time; the oldest ends when another begins. */
export const MAX_SESSIONS = 50;
/** Milliseconds in which the predecessor of the current refresh token still counts as a retry. */
export const RETRY_WINDOW_MS = 10_000;

/** Why a session ended. */
export const END_REASONS = ["logout", "reuse", "ended", "password", "reset", "disabled", "removed"] as const;
export type EndReason = (typeof END_REASONS)[number];

/** One sign-in on one device. Times in milliseconds since 1970. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  /** Hash of the refresh token that is good now, and of the one before it. */
  readonly refreshHash: string;
  readonly previousHash: string | null;
  /** Hash of the newest access token (`access-tokens.ts`); null where it is not known. */
  readonly accessHash: string | null;
  readonly rotatedAt: number;
  readonly createdAt: number;
  readonly usedAt: number;
  readonly endedAt: number | null;
  /** Where it was last used from, and by what. */
  readonly address: string | null;
  readonly agent: string | null;
}

export function isLive(session: Session, now: number): boolean {
  return session.endedAt === null && now - session.usedAt < SESSION_IDLE_MS && now - session.createdAt < SESSION_MAX_MS;
}

/**
 * What a refresh token that we issued for this session may do now (RFC 9700 4.14.2): `rotate` it is the current one;
 * `retry` its response was lost, the same successor is due; `reuse` it is an old one, so that it was copied; `dead` the
 * session has ended.
 */
export function judgeRefresh(session: Session, hash: string, now: number): "rotate" | "retry" | "reuse" | "dead" {
  if (!isLive(session, now)) return "dead";
  if (hash === session.refreshHash) return "rotate";
  return hash === session.previousHash && now - session.rotatedAt <= RETRY_WINDOW_MS ? "retry" : "reuse";
}
