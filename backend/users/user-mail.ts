import type { Context, ServiceBroker } from "moleculer";
import { clean } from "../contract/clean.ts";
import { type ClientError, call, type Handlers, type Meta, refuse } from "../contract/index.ts";
import { emailAddress, newEmailAddress } from "../text/email.ts";
import { networkOf } from "../throttle/network.ts";
import { createThrottle } from "../throttle/throttle.ts";
import type { AccountMail } from "./account-mail.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { type MailPurpose, mailTokenHash } from "./mail-token.ts";
import type { MailToken } from "./mail-token-store.ts";
import { newPassword } from "./password.ts";
import type { Passwords } from "./passwords.ts";
import type { UsersStore } from "./store.ts";
import type { User } from "./user-store.ts";

type MailActions = Pick<
  Handlers<"users">,
  "requestReset" | "resetPassword" | "requestVerification" | "verifyEmail" | "changeEmail"
>;

/** Requests for a new password from one address, for any account. */
const ASKING = { free: 10, first: 10_000, longest: 15 * 60_000 };
/** Requests for a new password that wait to be looked at. */
const MAX_WAITING = 500;
/**
 * Milliseconds within which a request for a new password is handled, at a random time after its response, so that
 * response times do not reveal whether the account exists.
 */
export const SCATTER = 1000;

/** What users do by links in mails. No link signs a user in. */
export function userMail(options: {
  readonly store: UsersStore;
  readonly clock: () => number;
  readonly audit: AuditTrail;
  readonly mail: AccountMail;
  readonly passwords: () => Passwords;
  /** The user who calls. */
  readonly caller: (ctx: Context<unknown, Meta & { user: { id: string } }>) => Promise<User>;
  /** The hash of the user's password, if this is it; refuses any other. */
  readonly confirmed: (ctx: Context<unknown, Meta>, user: User, password: string) => Promise<string>;
  /** Lets the owner of an account sign in from this address, even while others guess its password. */
  readonly cleared: (ctx: Context<unknown, Meta>, user: User) => Promise<void>;
  /** Milliseconds after which a request for a new password is looked at. */
  readonly scatter: () => number;
}): MailActions {
  const { store, clock, audit, mail, passwords, caller, confirmed, cleared, scatter } = options;
  const asking = createThrottle(store.throttles, "asking", ASKING, clock);
  let waiting = 0;

  /** The user of a link that is good now. */
  const holder = async (token: string, purposes: readonly MailPurpose[]): Promise<{ link: MailToken; user: User }> => {
    const link = await store.mailTokens.find(mailTokenHash(token), clock());
    const user = link && purposes.includes(link.purpose) ? await store.users.find(link.userId) : undefined;
    // a link to an address that the user has left is as good as none
    const stands = user?.disabledAt === null && (link?.purpose === "move" || link?.email === user.email);
    if (!link || !user || !stands) throw noLink();
    return { link, user };
  };
  const take = async (token: string) => {
    if (!(await store.mailTokens.take(mailTokenHash(token), clock()))) throw noLink();
  };

  const sendReset = async (ctx: Context<unknown, Meta>, email: string) => {
    const user = await store.users.findByEmail(email);
    if (!user || user.disabledAt !== null) return;
    const { issued } = await mail.link("reset", user, user.email);
    if (issued) await audit(ctx, "reset.requested", user.id);
  };

  return {
    async requestReset(ctx) {
      const email = clean("email", emailAddress(ctx.params.email));
      const from = networkOf(ctx.meta.client?.address ?? "");
      const wait = await asking.take(from);
      if (wait > 0) throw refuse("RATE_LIMITED", { retryAfter: wait / 1000 });
      if (waiting >= MAX_WAITING) throw refuse("UNAVAILABLE", { retryAfter: 2 });
      waiting += 1;
      // whether an account has this address changes nothing before the response, nor right after it: time must not show
      // it
      setTimeout(() => {
        sendReset(ctx, email)
          .catch((error: unknown) => logged(ctx.broker, error))
          .finally(() => {
            waiting -= 1;
          });
      }, scatter()).unref();
      return { requested: true };
    },

    async resetPassword(ctx) {
      const { token } = ctx.params;
      const { user } = await holder(token, ["reset"]);
      const password = clean("newPassword", newPassword(ctx.params.newPassword, [user.email, user.name]));
      const passwordHash = await passwords().hash(password);
      await take(token);
      // an intruder may have requested another address: a link that is opened at this moment counts before the new
      // password, or not at all
      await store.mailTokens.void(user.id, ["move"]);
      if (!(await store.users.resetPasswordHash(user.id, user.email, passwordHash))) throw noLink();
      // an intruder with the old password may have requested another address meanwhile
      await store.mailTokens.void(user.id, ["move"]);
      await call(ctx, "auth.endSessions", { userId: user.id, reason: "reset" });
      // who read the mail has the address
      if (user.verifiedAt === null) await store.users.setVerified(user.id, user.email, clock());
      await audit(ctx, "password.reset", user.id);
      await cleared(ctx, user);
      mail.notice("passwordReset", user.email);
      return { changed: true };
    },

    async requestVerification(ctx) {
      const user = await caller(ctx);
      if (user.verifiedAt !== null) {
        throw refuse("EMAIL_VERIFIED");
      }
      const issued = await mail.link("verify", user, user.email);
      if (!issued.issued) throw refuse("RATE_LIMITED", { retryAfter: issued.wait / 1000 });
      await audit(ctx, "verification.requested", user.id);
      return { requested: true };
    },

    async verifyEmail(ctx) {
      const { token } = ctx.params;
      const { link, user } = await holder(token, ["verify", "move"]);
      await take(token);
      if (link.purpose === "verify") {
        if (!(await store.users.setVerified(user.id, link.email, clock()))) throw noLink();
        await audit(ctx, "email.verified", user.id);
        return { verified: true };
      }
      const outcome = await store.users.setEmail(user, link.email, clock());
      if (outcome !== "set") throw outcome === "taken" ? refuse("EMAIL_TAKEN") : noLink();
      await store.mailTokens.void(user.id, ["verify", "reset", "move"]);
      await audit(ctx, "email.changed", user.id);
      mail.notice("emailChanged", user.email);
      return { verified: true };
    },

    async changeEmail(ctx) {
      const user = await caller(ctx);
      const email = clean("email", newEmailAddress(ctx.params.email));
      const hash = await confirmed(ctx, user, ctx.params.password);
      if (email === user.email) {
        throw refuse("EMAIL_SAME", { field: "email" });
      }
      // whether another account has the address shows only to the reader of its mail, who opens the link
      const issued = await mail.link("move", user, email);
      if (!issued.issued) throw refuse("RATE_LIMITED", { retryAfter: issued.wait / 1000 });
      // a change of the password puts such links out of use; this one may have come right after
      if ((await store.users.find(user.id))?.passwordHash !== hash) {
        await store.mailTokens.void(user.id, ["move"]);
        throw refuse("PASSWORD_WRONG", { field: "password" });
      }
      await audit(ctx, "verification.requested", user.id, "for another address");
      return { requested: true };
    },
  };
}

function noLink(): ClientError {
  return refuse("LINK");
}

function logged(broker: ServiceBroker, error: unknown): void {
  broker.logger.error("a link to a new password could not be sent", error);
}
