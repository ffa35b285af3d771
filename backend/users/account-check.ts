import type { Context } from "moleculer";
import { type ClientError, call, type Meta, refuse } from "../contract/index.ts";
import { networkOf } from "../throttle/network.ts";
import { createThrottle, type Throttle } from "../throttle/throttle.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { createLoginThrottle, type LoginThrottle } from "./login-throttle.ts";
import type { Passwords } from "./passwords.ts";
import type { UsersStore } from "./store.ts";
import type { User } from "./user-store.ts";

/** Limits what leaves audit records of one user: sign-ins, changes of name, password and picture. */
const AUDITED_ACTIONS_RULE = { freeTries: 30, firstWaitMs: 10_000, maxWaitMs: 10 * 60_000 };

/** A password that a client has sent, and the account that it is for. */
interface PasswordAttempt {
  /** The one spelling of the account's address; empty for an address that no account can have. */
  readonly account: string;
  /** Undefined for an account that does not exist. */
  readonly user: User | undefined;
  readonly password: string;
  /** Whether a right password of an enabled user counts as an audited action. */
  readonly isAudited: boolean;
}

/** Finds the accounts of callers, and checks their passwords. Failed checks delay the next ones. */
export class AccountCheck {
  readonly #store: UsersStore;
  readonly #audit: AuditTrail;
  readonly #passwords: () => Passwords;
  readonly #logins: LoginThrottle;
  readonly #auditedActions: Throttle;

  /** `clock` in milliseconds since 1970, for all nodes alike. */
  constructor(parts: {
    readonly store: UsersStore;
    readonly clock: () => number;
    readonly audit: AuditTrail;
    readonly passwords: () => Passwords;
  }) {
    const { throttles } = parts.store;
    this.#store = parts.store;
    this.#audit = parts.audit;
    this.#passwords = parts.passwords;
    this.#logins = createLoginThrottle(throttles, parts.clock);
    this.#auditedActions = createThrottle(throttles, "recorded", AUDITED_ACTIONS_RULE, parts.clock);
  }

  /** The caller's account. Throws UNAUTHORIZED where it is disabled. */
  async requireCaller(ctx: Context<unknown, Meta & { user: { id: string } }>): Promise<User> {
    const user = await this.#store.users.find(ctx.meta.user.id);
    if (!user || user.disabledAt !== null) throw refuse("UNAUTHORIZED");
    return user;
  }

  /**
   * Counts an action that leaves an audit record. Throws RATE_LIMITED for a user with too many, so that no user fills
   * the log.
   */
  async countAudited(user: User): Promise<void> {
    const wait = await this.#auditedActions.countTry(user.id);
    if (wait > 0) throw refuse("RATE_LIMITED", { retryAfter: wait / 1000 });
  }

  /** Writes the audit record after the response, so that response time does not reveal whether the account exists. */
  auditFailure(ctx: Context<unknown, Meta>, user: User, detail?: string): void {
    setImmediate(() => {
      this.#audit(ctx, "login.failed", user.id, detail).catch((error: unknown) => ctx.broker.logger.error(error));
    });
  }

  /** Returns the hash that the password has; undefined when it is wrong. Throws RATE_LIMITED after many failures. */
  async verify(ctx: Context<unknown, Meta>, attempt: PasswordAttempt): Promise<string | undefined> {
    const { account, user, password, isAudited } = attempt;
    const address = ctx.meta.client?.address ?? "";
    // the same query for an unknown account, so that the delay does not reveal whether it exists
    const isFamiliar = async () => {
      const { addresses } = await call(ctx, "auth.knownAddresses", { userId: user?.id ?? "unknown" });
      // an IPv6 device changes the rest of its address every day
      return addresses.some((known) => networkOf(known) === networkOf(address));
    };
    const login = { account, address, isFamiliar };
    await this.#logins.admit(login);
    const hash = await this.#passwords().verify(user, password);
    if (hash !== undefined) {
      // started together, so that shared throttles change in one transaction
      const counting = isAudited && user?.disabledAt === null ? this.countAudited(user) : undefined;
      await Promise.all([this.#logins.uncountTry(login), counting]);
    } else if (user) this.auditFailure(ctx, user);
    return hash;
  }

  /** Returns the hash of the caller's password. Throws PASSWORD_WRONG for any other password. */
  async requirePassword(ctx: Context<unknown, Meta>, user: User, password: string, isAudited = false): Promise<string> {
    const hash = await this.verify(ctx, { account: user.email, user, password, isAudited });
    if (hash === undefined) throw passwordWrong();
    return hash;
  }

  /** Lets the owner of an account sign in from this address at once, even while attackers guess its password. */
  clearFailures(ctx: Context<unknown, Meta>, user: User): Promise<void> {
    return this.#logins.clearFailures(user.email, ctx.meta.client?.address ?? "");
  }
}

export function passwordWrong(): ClientError {
  return refuse("PASSWORD_WRONG", { field: "password" });
}
