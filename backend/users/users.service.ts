import { randomUUID } from "node:crypto";
import type { Context, ServiceSchema } from "moleculer";
import type { Registration } from "../config.ts";
import { clean } from "../contract/clean.ts";
import { announce, type ClientError, call, defineService, type Meta, refuse } from "../contract/index.ts";
import type { Post } from "../mail/index.ts";
import { emailAddress, newEmailAddress } from "../text/email.ts";
import { displayName } from "../text/name.ts";
import { networkOf } from "../throttle/network.ts";
import { createThrottle } from "../throttle/throttle.ts";
import { createAccountMail } from "./account-mail.ts";
import { createAuditTrail } from "./audit-trail.ts";
import type { HashingQueue } from "./hashing-queue.ts";
import { createLoginThrottle } from "./login-throttle.ts";
import type { HashCost } from "./password.ts";
import { hashMark, newPassword } from "./password.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import { profile } from "./profile.ts";
import { removedAddress } from "./removed-address.ts";
import { isSetupToken, setupHash } from "./setup.ts";
import type { UsersStore } from "./store.ts";
import { userAdministration } from "./user-administration.ts";
import { userExport } from "./user-export.ts";
import { userMail } from "./user-mail.ts";
import { userPictures } from "./user-pictures.ts";
import type { NewUser, User } from "./user-store.ts";

/**
 * Registrations from one address that are sent a mail; a client that registers more can ask for the mail later.
 */
const WELCOMES = { free: 20, first: 30_000, longest: 15 * 60_000 };
/** What one user does that leaves a record for a year: sign in, change the name or the password. */
const RECORDED = { free: 30, first: 10_000, longest: 10 * 60_000 };

/**
 * Users and their passwords.
 *
 * What an unauthenticated client can learn: logging in does not reveal whether an address has a user, neither by the
 * response nor by the time (one hash either way). Registering does tell it (409), because it signs in at once and so
 * shows it anyway; it costs the stranger a full hash and one of a few tries per address and time. Asking for a new
 * password tells nothing.
 *
 * An address that is not verified yet takes no right away: the profile and the list of users say so. Who can read its
 * mail gets the account, by asking for a new password, and the client that registered it is signed out.
 */
export function usersService(options: {
  readonly store: UsersStore;
  readonly hashing: HashingQueue;
  readonly hashCost?: HashCost;
  readonly clock: () => number;
  readonly registration?: Registration | undefined;
  readonly post: Post;
  /** Where the page is for people: links in mails lead there. */
  readonly site: () => string;
  /** Milliseconds after which a request for a new password is looked at. */
  readonly scatter: () => number;
}): ServiceSchema {
  const { store, clock } = options;
  const audit = createAuditTrail(store, clock);
  const mail = createAccountMail(options);
  const { throttles } = store;
  const welcomes = createThrottle(throttles, "welcomes", WELCOMES, clock);
  const recorded = createThrottle(throttles, "recorded", RECORDED, clock);
  const throttle = createLoginThrottle(throttles, clock);
  let loaded: Passwords | undefined;
  const passwords = () => {
    if (!loaded) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    return loaded;
  };

  const caller = async (ctx: Context<unknown, Meta & { user: { id: string } }>): Promise<User> => {
    const user = await store.users.find(ctx.meta.user.id);
    if (!user || user.disabledAt !== null) throw refuse("UNAUTHORIZED");
    return user;
  };

  /** Counts an action that leaves an audit record; a user with too many has to wait, so that none fills the log. */
  const countAudited = async (user: User): Promise<void> => {
    const wait = await recorded.take(user.id);
    if (wait > 0) throw refuse("RATE_LIMITED", { retryAfter: wait / 1000 });
  };

  /** Writes the audit record after the response, so that response time does not reveal whether the account exists. */
  const noteFailure = (ctx: Context<unknown, Meta>, user: User, detail?: string): void => {
    setImmediate(() => {
      audit(ctx, "login.failed", user.id, detail).catch((error: unknown) => ctx.broker.logger.error(error));
    });
  };

  /**
   * Verifies a password, slowed down by failures before it, and returns the hash that it has. `account` is the one
   * spelling of the user's address; with `isAudited` a right password of an enabled user counts as an audited action.
   */
  const verified = async (
    ctx: Context<unknown, Meta>,
    account: string,
    user: User | undefined,
    password: string,
    isAudited: boolean,
  ): Promise<string | undefined> => {
    const address = ctx.meta.client?.address ?? "";
    // the same query for an unknown account, so that the delay does not reveal whether it exists
    const isFamiliar = async () => {
      const { addresses } = await call(ctx, "auth.knownAddresses", { userId: user?.id ?? "unknown" });
      // an IPv6 device changes the rest of its address every day
      return addresses.some((one) => networkOf(one) === networkOf(address));
    };
    const attempt = { account, address, isFamiliar };
    await throttle.admit(attempt);
    const hash = await passwords().verify(user, password);
    if (hash !== undefined) {
      // both in one transaction
      const counted = isAudited && user?.disabledAt === null ? countAudited(user) : undefined;
      await Promise.all([throttle.succeeded(attempt), counted]);
    } else if (user) noteFailure(ctx, user);
    return hash;
  };
  const confirmed = async (
    ctx: Context<unknown, Meta>,
    user: User,
    password: string,
    isAudited = false,
  ): Promise<string> => {
    const hash = await verified(ctx, user.email, user, password, isAudited);
    if (hash === undefined) throw passwordWrong();
    return hash;
  };
  const cleared = (ctx: Context<unknown, Meta>, user: User): Promise<void> =>
    throttle.cleared(user.email, ctx.meta.client?.address ?? "");

  const create = (user: NewUser, setup: string | undefined) =>
    setup === undefined ? store.users.create(user) : store.users.createFirstAdmin(user, setupHash(setup));

  return defineService({
    name: "users",
    async started() {
      loaded = await createPasswords(store, options.hashing, options.hashCost);
    },
    actions: {
      async register(ctx) {
        const { setup } = ctx.params;
        // first, so that it costs nothing and tells nothing about an address
        if (options.registration === "closed" && setup === undefined) throw refuse("REGISTRATION_CLOSED");
        const email = clean("email", newEmailAddress(ctx.params.email));
        const name = clean("name", displayName(ctx.params.name));
        const password = clean("password", newPassword(ctx.params.password, [email, name]));
        if (setup !== undefined && !(await isSetupToken(store, setup))) {
          throw refuse("SETUP_LINK");
        }
        const passwordHash = await passwords().hash(password);
        const id = randomUUID();
        const registered = {
          id,
          email,
          name,
          passwordHash,
          role: "user",
          createdAt: clock(),
          disabledAt: null,
        } as const;
        const created = await create(registered, setup);
        if (created === "no-link") throw refuse("SETUP_LINK");
        if (created === "email-taken") throw refuse("EMAIL_TAKEN", { field: "email" });
        if (created === "name-taken") throw refuse("NAME_TAKEN", { field: "name" });
        await audit(ctx, "user.registered", id);
        if (setup !== undefined) await audit(ctx, "role.changed", id, "user to admin, by the setup link");
        const user: User = { ...registered, role: setup === undefined ? "user" : "admin", verifiedAt: null };
        const from = networkOf(ctx.meta.client?.address ?? "");
        if ((await welcomes.take(from)) === 0) await mail.link("verify", user, email);
        await announce(ctx.broker, "user.created", { id });
        return { user: profile(user), ...(await call(ctx, "auth.startSession", { userId: id })) };
      },

      async login(ctx) {
        // a flood of tries costs no query, and tries that are not made count for no account
        passwords().refuseIfFull();
        const email = emailAddress(ctx.params.email);
        const user = email.ok ? await store.users.findByEmail(email.value) : undefined;
        const account = email.ok ? email.value : "";
        const hash = await verified(ctx, account, user, ctx.params.password, true);
        if (!user || hash === undefined || user.disabledAt !== null) {
          if (user && hash !== undefined) noteFailure(ctx, user, "disabled");
          throw refuse("CREDENTIALS");
        }
        const session = await call(ctx, "auth.startSession", { userId: user.id, password: hashMark(hash) });
        await audit(ctx, "login.succeeded", user.id);
        return { user: profile(user), ...session };
      },

      async profile(ctx) {
        return profile(await caller(ctx));
      },

      async update(ctx) {
        const user = await caller(ctx);
        const name = clean("name", displayName(ctx.params.name));
        await countAudited(user);
        const outcome = await store.users.setName(user.id, name);
        if (outcome === "disabled") throw refuse("UNAUTHORIZED");
        if (outcome === "taken") throw refuse("NAME_TAKEN", { field: "name" });
        await audit(ctx, "profile.changed", user.id);
        return profile({ ...user, name });
      },

      async changePassword(ctx) {
        const user = await caller(ctx);
        const next = clean("newPassword", newPassword(ctx.params.newPassword, [user.email, user.name]));
        const hash = await confirmed(ctx, user, ctx.params.password, true);
        if (!(await store.users.replacePasswordHash(user.id, hash, await passwords().hash(next))))
          throw passwordWrong();
        // an intruder who knew the old password must not get in or move the account to another address
        await store.mailTokens.void(user.id, ["reset", "move"]);
        const { sid } = ctx.meta.user;
        await call(ctx, "auth.endSessions", { userId: user.id, except: sid, reason: "password" });
        await audit(ctx, "password.changed", user.id);
        mail.notice("passwordChanged", user.email);
        return { changed: true };
      },

      async remove(ctx) {
        const user = await caller(ctx);
        const hash = await confirmed(ctx, user, ctx.params.password);
        const passwordHash = await passwords().hash(randomUUID());
        const removed = { email: removedAddress(), name: "Somebody who left", passwordHash };
        const outcome = await store.users.anonymize(user.id, hash, removed, clock());
        if (outcome === "last-admin") throw refuse("LAST_ADMIN");
        if (outcome === "changed") throw passwordWrong();
        await store.mailTokens.forget(user.id);
        await call(ctx, "auth.endSessions", { userId: user.id, reason: "removed" });
        await call(ctx, "chat.endMemberships", { userId: user.id });
        await audit(ctx, "user.removed", user.id);
        return { removed: true };
      },

      ...userMail({ store, clock, audit, mail, passwords, caller, confirmed, cleared, scatter: options.scatter }),
      ...userAdministration({ store, clock, audit }),
      ...userPictures({ store, audit, clock, caller, countAudited }),
      ...userExport({ store, clock, caller }),
    },
  });
}

function passwordWrong(): ClientError {
  return refuse("PASSWORD_WRONG", { field: "password" });
}
