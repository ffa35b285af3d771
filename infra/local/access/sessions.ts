import { randomBytes } from "node:crypto";

/** A sign-in to one application. */
export interface AccessSession {
  readonly accountId: string;
  readonly aud: string;
  readonly email: string;
  /** The same for an address and account, always. */
  readonly sub: string;
  readonly ip: string;
  readonly country?: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endsAt: number;
}

/** AccessSessions at once; a new one ends the oldest. */
const MAX_SESSIONS = 1000;

/** The sessions, by the `identity_nonce` of their assertions. They end with the process. */
export class AccessSessions {
  readonly #sessions = new Map<string, AccessSession>();

  /** @returns the nonce */
  start(session: AccessSession): string {
    const nonce = randomBytes(12).toString("base64url");
    this.#sessions.set(nonce, session);
    for (const [oldest] of this.#sessions) {
      if (this.#sessions.size <= MAX_SESSIONS) break;
      this.#sessions.delete(oldest);
    }
    return nonce;
  }

  get(nonce: string, now: number): AccessSession | undefined {
    const session = this.#sessions.get(nonce);
    return session && session.endsAt > now ? session : undefined;
  }

  /** Ends all sessions of an address, in every application of the account: what signing out does. */
  endAllOf({ accountId, sub }: AccessSession): void {
    for (const [nonce, session] of this.#sessions) {
      if (session.accountId === accountId && session.sub === sub) this.#sessions.delete(nonce);
    }
  }
}
