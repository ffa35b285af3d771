import type { Context } from "moleculer";
import {
  type ClientError,
  type ContextOf,
  call,
  type Handlers,
  type Meta,
  type ResultOf,
  refuse,
} from "../contract/index.ts";
import { requireValid } from "../contract/require-valid.ts";
import { checkEmailAddress, checkNewEmailAddress } from "../text/email.ts";
import { networkOf } from "../throttle/network.ts";
import { createThrottle, type Throttle } from "../throttle/throttle.ts";
import { type AccountCheck, passwordWrong } from "./account-check.ts";
import type { AccountMail } from "./account-mail.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { type MailPurpose, mailTokenHash } from "./mail-token.ts";
import type { MailToken } from "./mail-token-store.ts";
import { checkNewPassword } from "./password.ts";
import type { Passwords } from "./passwords.ts";
import type { UsersStore } from "./store.ts";
import type { User } from "./user-store.ts";

/** Limits requests for a new password from one network, whatever the account. */
const RESET_REQUESTS_RULE = { freeTries: 10, firstWaitMs: 10_000, maxWaitMs: 15 * 60_000 };
/** Maximum number of requests for a new password that wait to be handled. */
const MAX_WAITING_RESETS = 500;
/**
 * Maximum milliseconds between the response to a request for a new password and the work for it. The delay is random,
 * so that response times do not reveal whether the account exists.
 */
export const MAX_RESET_DELAY_MS = 1000;

/** What the actions with mails need from the rest of the service. */
interface UserMailParts {
  readonly store: UsersStore;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  readonly audit: AuditTrail;
  readonly mail: AccountMail;
  readonly passwords: () => Passwords;
  readonly accounts: AccountCheck;
  /** Milliseconds after which a request for a new password is handled. */
  readonly resetDelayMs: () => number;
}

type MailActions = Pick<
  Handlers<"users">,
  "requestReset" | "resetPassword" | "requestVerification" | "verifyEmail" | "changeEmail"
>;

/** What users do with links in mails. No link signs a user in. */
export class UserMail implements MailActions {
  readonly #parts: UserMailParts;
  readonly #resetRequests: Throttle;
  /** Requests for a new password that wait to be handled. */
  #waitingResets = 0;

  constructor(parts: UserMailParts) {
    this.#parts = parts;
    this.#resetRequests = createThrottle(parts.store.throttles, "asking", RESET_REQUESTS_RULE, parts.clock);
  }

  async requestReset(ctx: ContextOf<"users.requestReset">): Promise<ResultOf<"users.requestReset">> {
    const email = requireValid("email", checkEmailAddress(ctx.params.email));
    const wait = await this.#resetRequests.countTry(networkOf(ctx.meta.client?.address ?? ""));
    if (wait > 0) throw refuse("RATE_LIMITED", { retryAfter: wait / 1000 });
    if (this.#waitingResets >= MAX_WAITING_RESETS) throw refuse("UNAVAILABLE", { retryAfter: 2 });
    this.#waitingResets += 1;
    // nothing before the response, nor right after it, depends on whether an account has this address: the time must
    // not reveal that
    setTimeout(() => {
      this.#sendReset(ctx, email)
        .catch((error: unknown) => ctx.broker.logger.error("a link to a new password could not be sent", error))
        .finally(() => {
          this.#waitingResets -= 1;
        });
    }, this.#parts.resetDelayMs()).unref();
    return { requested: true };
  }

  async #sendReset(ctx: Context<unknown, Meta>, email: string): Promise<void> {
    const { store, mail, audit } = this.#parts;
    const user = await store.users.findByEmail(email);
    if (!user || user.disabledAt !== null) return;
    const { issued } = await mail.sendLink("reset", user, user.email);
    if (issued) await audit(ctx, "reset.requested", user.id);
  }

  async resetPassword(ctx: ContextOf<"users.resetPassword">): Promise<ResultOf<"users.resetPassword">> {
    const { store, clock, audit, mail, passwords, accounts } = this.#parts;
    const { token } = ctx.params;
    const { user } = await this.#requireLink(token, ["reset"]);
    const password = requireValid("newPassword", checkNewPassword(ctx.params.newPassword, [user.email, user.name]));
    const passwordHash = await passwords().hash(password);
    await this.#useLinkUp(token);
    // an intruder may have requested another address: a link that is opened at this moment counts before the new
    // password, or not at all
    await store.mailTokens.invalidate(user.id, ["move"]);
    if (!(await store.users.resetPasswordHash(user.id, user.email, passwordHash))) throw invalidLink();
    // an intruder with the old password may have requested another address meanwhile
    await store.mailTokens.invalidate(user.id, ["move"]);
    await call(ctx, "auth.endSessions", { userId: user.id, reason: "reset" });
    // the user has read a mail to this address
    if (user.verifiedAt === null) await store.users.setVerified(user.id, user.email, clock());
    await audit(ctx, "password.reset", user.id);
    await accounts.clearFailures(ctx, user);
    mail.sendNotice("passwordReset", user.email);
    return { changed: true };
  }

  async requestVerification(
    ctx: ContextOf<"users.requestVerification">,
  ): Promise<ResultOf<"users.requestVerification">> {
    const user = await this.#parts.accounts.requireCaller(ctx);
    if (user.verifiedAt !== null) throw refuse("EMAIL_VERIFIED");
    await this.#sendLink("verify", user, user.email);
    await this.#parts.audit(ctx, "verification.requested", user.id);
    return { requested: true };
  }

  async verifyEmail(ctx: ContextOf<"users.verifyEmail">): Promise<ResultOf<"users.verifyEmail">> {
    const { store, clock, audit, mail } = this.#parts;
    const { token } = ctx.params;
    const { link, user } = await this.#requireLink(token, ["verify", "move"]);
    await this.#useLinkUp(token);
    if (link.purpose === "verify") {
      if (!(await store.users.setVerified(user.id, link.email, clock()))) throw invalidLink();
      await audit(ctx, "email.verified", user.id);
      return { verified: true };
    }
    const outcome = await store.users.setEmail(user, link.email, clock());
    if (outcome !== "set") throw outcome === "taken" ? refuse("EMAIL_TAKEN") : invalidLink();
    await store.mailTokens.invalidate(user.id, ["verify", "reset", "move"]);
    await audit(ctx, "email.changed", user.id);
    mail.sendNotice("emailChanged", user.email);
    return { verified: true };
  }

  async changeEmail(ctx: ContextOf<"users.changeEmail">): Promise<ResultOf<"users.changeEmail">> {
    const { store, audit, accounts } = this.#parts;
    const user = await accounts.requireCaller(ctx);
    const email = requireValid("email", checkNewEmailAddress(ctx.params.email));
    const hash = await accounts.requirePassword(ctx, user, ctx.params.password);
    if (email === user.email) throw refuse("EMAIL_SAME", { field: "email" });
    // whether another account has the address is revealed only to the reader of its mail, who opens the link
    await this.#sendLink("move", user, email);
    // a change of the password voids such links; this one may have been made right after
    if ((await store.users.find(user.id))?.passwordHash !== hash) {
      await store.mailTokens.invalidate(user.id, ["move"]);
      throw passwordWrong();
    }
    await audit(ctx, "verification.requested", user.id, "for another address");
    return { requested: true };
  }

  /** Sends a link to an address, unless one was sent to the user too short a time ago. */
  async #sendLink(purpose: MailPurpose, user: User, email: string): Promise<void> {
    const issued = await this.#parts.mail.sendLink(purpose, user, email);
    if (!issued.issued) throw refuse("RATE_LIMITED", { retryAfter: issued.wait / 1000 });
  }

  /** A link that is valid now, and its user. */
  async #requireLink(token: string, purposes: readonly MailPurpose[]): Promise<{ link: MailToken; user: User }> {
    const { store, clock } = this.#parts;
    const link = await store.mailTokens.find(mailTokenHash(token), clock());
    const user = link && purposes.includes(link.purpose) ? await store.users.find(link.userId) : undefined;
    // a link to an address that the user has given up is not valid
    const isValid = user?.disabledAt === null && (link?.purpose === "move" || link?.email === user.email);
    if (!link || !user || !isValid) throw invalidLink();
    return { link, user };
  }

  /** Uses a link up. */
  async #useLinkUp(token: string): Promise<void> {
    const { store, clock } = this.#parts;
    if (!(await store.mailTokens.useUp(mailTokenHash(token), clock()))) throw invalidLink();
  }
}

function invalidLink(): ClientError {
  return refuse("LINK");
}
