import { randomUUID } from "node:crypto";
import type { Registration } from "../config.ts";
import { announce, type ContextOf, call, type Handlers, type ResultOf, refuse } from "../contract/index.ts";
import { requireValid } from "../contract/require-valid.ts";
import { checkEmailAddress, checkNewEmailAddress } from "../text/email.ts";
import { checkDisplayName } from "../text/name.ts";
import { networkOf } from "../throttle/network.ts";
import { createThrottle, type Throttle } from "../throttle/throttle.ts";
import { type AccountCheck, passwordWrong } from "./account-check.ts";
import type { AccountMail } from "./account-mail.ts";
import type { AuditTrail } from "./audit-trail.ts";
import { checkNewPassword, hashFingerprint } from "./password.ts";
import type { Passwords } from "./passwords.ts";
import { toProfile } from "./profile.ts";
import { removedAddress } from "./removed-address.ts";
import { isSetupToken, setupHash } from "./setup.ts";
import type { UsersStore } from "./store.ts";
import type { CreationOutcome, NewUser, User } from "./user-store.ts";

/**
 * Limits how many registrations from one network are sent a mail. Users who get none can request it later.
 */
const WELCOME_MAILS_RULE = { freeTries: 20, firstWaitMs: 30_000, maxWaitMs: 15 * 60_000 };

interface UserActionParts {
  readonly store: UsersStore;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  readonly registration?: Registration | undefined;
  readonly audit: AuditTrail;
  readonly mail: AccountMail;
  readonly passwords: () => Passwords;
  readonly accounts: AccountCheck;
}

type AccountActions = Pick<
  Handlers<"users">,
  "register" | "login" | "profile" | "update" | "changePassword" | "remove"
>;

/** Registration, sign-in, and what users do to their own accounts. */
export class UserActions implements AccountActions {
  readonly #parts: UserActionParts;
  readonly #welcomeMails: Throttle;

  constructor(parts: UserActionParts) {
    this.#parts = parts;
    this.#welcomeMails = createThrottle(parts.store.throttles, "welcomes", WELCOME_MAILS_RULE, parts.clock);
  }

  async register(ctx: ContextOf<"users.register">): Promise<ResultOf<"users.register">> {
    const { store, clock, registration, audit, mail, passwords } = this.#parts;
    const { setup } = ctx.params;
    // first, so that it costs nothing and reveals nothing about an address
    if (registration === "closed" && setup === undefined) throw refuse("REGISTRATION_CLOSED");
    const email = requireValid("email", checkNewEmailAddress(ctx.params.email));
    const name = requireValid("name", checkDisplayName(ctx.params.name));
    const password = requireValid("password", checkNewPassword(ctx.params.password, [email, name]));
    if (setup !== undefined && !(await isSetupToken(store, setup))) throw refuse("SETUP_LINK");
    const passwordHash = await passwords().hash(password);
    const id = randomUUID();
    const registered = { id, email, name, passwordHash, role: "user", createdAt: clock(), disabledAt: null } as const;
    const created = await this.#create(registered, setup);
    if (created === "no-link") throw refuse("SETUP_LINK");
    if (created === "email-taken") throw refuse("EMAIL_TAKEN", { field: "email" });
    if (created === "name-taken") throw refuse("NAME_TAKEN", { field: "name" });
    await audit(ctx, "user.registered", id);
    if (setup !== undefined) await audit(ctx, "role.changed", id, "user to admin, by the setup link");
    const user: User = { ...registered, role: setup === undefined ? "user" : "admin", verifiedAt: null };
    const from = networkOf(ctx.meta.client?.address ?? "");
    if ((await this.#welcomeMails.countTry(from)) === 0) await mail.sendLink("verify", user, email);
    await announce(ctx.broker, "user.created", { id });
    return { user: toProfile(user), ...(await call(ctx, "auth.startSession", { userId: id })) };
  }

  #create(user: NewUser, setup: string | undefined): Promise<CreationOutcome | "no-link"> {
    const { users } = this.#parts.store;
    return setup === undefined ? users.create(user) : users.createFirstAdmin(user, setupHash(setup));
  }

  async login(ctx: ContextOf<"users.login">): Promise<ResultOf<"users.login">> {
    const { store, audit, passwords, accounts } = this.#parts;
    // first, so that a flood of tries costs no query, and a try that is refused here is counted for no account
    passwords().assertNotBusy();
    const email = checkEmailAddress(ctx.params.email);
    const user = email.ok ? await store.users.findByEmail(email.value) : undefined;
    const account = email.ok ? email.value : "";
    const { password } = ctx.params;
    const hash = await accounts.verify(ctx, { account, user, password, isAudited: true });
    if (!user || hash === undefined || user.disabledAt !== null) {
      if (user && hash !== undefined) accounts.auditFailure(ctx, user, "disabled");
      throw refuse("CREDENTIALS");
    }
    const session = await call(ctx, "auth.startSession", {
      userId: user.id,
      passwordFingerprint: hashFingerprint(hash),
    });
    await audit(ctx, "login.succeeded", user.id);
    return { user: toProfile(user), ...session };
  }

  async profile(ctx: ContextOf<"users.profile">): Promise<ResultOf<"users.profile">> {
    return toProfile(await this.#parts.accounts.requireCaller(ctx));
  }

  async update(ctx: ContextOf<"users.update">): Promise<ResultOf<"users.update">> {
    const { store, audit, accounts } = this.#parts;
    const user = await accounts.requireCaller(ctx);
    const name = requireValid("name", checkDisplayName(ctx.params.name));
    await accounts.countAudited(user);
    const outcome = await store.users.setName(user.id, name);
    if (outcome === "disabled") throw refuse("UNAUTHORIZED");
    if (outcome === "taken") throw refuse("NAME_TAKEN", { field: "name" });
    await audit(ctx, "profile.changed", user.id);
    return toProfile({ ...user, name });
  }

  async changePassword(ctx: ContextOf<"users.changePassword">): Promise<ResultOf<"users.changePassword">> {
    const { store, audit, mail, passwords, accounts } = this.#parts;
    const user = await accounts.requireCaller(ctx);
    const next = requireValid("newPassword", checkNewPassword(ctx.params.newPassword, [user.email, user.name]));
    const hash = await accounts.requirePassword(ctx, user, ctx.params.password, true);
    const isReplaced = await store.users.replacePasswordHash(user.id, hash, await passwords().hash(next));
    if (!isReplaced) throw passwordWrong();
    // an intruder who knew the old password must not get in or move the account to another address
    await store.mailTokens.invalidate(user.id, ["reset", "move"]);
    const { sid } = ctx.meta.user;
    await call(ctx, "auth.endSessions", { userId: user.id, except: sid, reason: "password" });
    await audit(ctx, "password.changed", user.id);
    mail.sendNotice("passwordChanged", user.email);
    return { changed: true };
  }

  async remove(ctx: ContextOf<"users.remove">): Promise<ResultOf<"users.remove">> {
    const { store, clock, audit, passwords, accounts } = this.#parts;
    const user = await accounts.requireCaller(ctx);
    const hash = await accounts.requirePassword(ctx, user, ctx.params.password);
    const passwordHash = await passwords().hash(randomUUID());
    const removed = { email: removedAddress(), name: "Somebody who left", passwordHash };
    const outcome = await store.users.anonymize(user.id, hash, removed, clock());
    if (outcome === "last-admin") throw refuse("LAST_ADMIN");
    if (outcome === "changed") throw passwordWrong();
    await store.mailTokens.forget(user.id);
    await call(ctx, "auth.endSessions", { userId: user.id, reason: "removed" });
    await audit(ctx, "user.removed", user.id);
    await announce(ctx.broker, "user.removed", { id: user.id });
    return { removed: true };
  }
}
