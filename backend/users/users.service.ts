import type { ServiceSchema } from "moleculer";
import type { Registration } from "../config.ts";
import { defineService, refuse } from "../contract/index.ts";
import type { Post } from "../mail/index.ts";
import { AccountCheck } from "./account-check.ts";
import { createAccountMail } from "./account-mail.ts";
import { createAuditTrail } from "./audit-trail.ts";
import type { HashingQueue } from "./hashing-queue.ts";
import type { HashCost } from "./password.ts";
import { createPasswords, type Passwords } from "./passwords.ts";
import type { UsersStore } from "./store.ts";
import { UserActions } from "./user-actions.ts";
import { userAdministration } from "./user-administration.ts";
import { userExport } from "./user-export.ts";
import { UserMail } from "./user-mail.ts";
import { userPictures } from "./user-pictures.ts";

interface UsersServiceOptions {
  readonly store: UsersStore;
  readonly hashing: HashingQueue;
  readonly hashCost?: HashCost;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  readonly registration?: Registration | undefined;
  readonly post: Post;
  /** The address of the page, to which links in mails lead. */
  readonly site: () => string;
  /** Milliseconds after which a request for a new password is handled. */
  readonly resetDelayMs: () => number;
}

/**
 * Users and their passwords.
 *
 * What an unauthenticated client can learn: signing in does not reveal whether an address has an account, neither by
 * the response nor by the time (one hash in both cases). Registering reveals it (409), since it signs in at once; each
 * try costs a full hash, and one network has few tries. A request for a new password reveals nothing.
 *
 * An account whose address is not verified has all rights; the profile and the list of users show it. The reader of the
 * mails to that address can set a new password and so take over the account, which signs out the client that registered
 * it.
 */
export function usersService(options: UsersServiceOptions): ServiceSchema {
  const { store, clock } = options;
  const audit = createAuditTrail(store, clock);
  const mail = createAccountMail(options);
  let loaded: Passwords | undefined;
  const passwords = () => {
    if (!loaded) throw refuse("UNAVAILABLE", { retryAfter: 1 });
    return loaded;
  };
  const accounts = new AccountCheck({ store, clock, audit, passwords });
  const userActions = new UserActions({ ...options, audit, mail, passwords, accounts });
  const mailActions = new UserMail({ ...options, audit, mail, passwords, accounts });
  return defineService({
    name: "users",
    async started() {
      loaded = await createPasswords(store, options.hashing, options.hashCost);
    },
    actions: {
      register: (ctx) => userActions.register(ctx),
      login: (ctx) => userActions.login(ctx),
      profile: (ctx) => userActions.profile(ctx),
      update: (ctx) => userActions.update(ctx),
      changePassword: (ctx) => userActions.changePassword(ctx),
      remove: (ctx) => userActions.remove(ctx),
      requestReset: (ctx) => mailActions.requestReset(ctx),
      resetPassword: (ctx) => mailActions.resetPassword(ctx),
      requestVerification: (ctx) => mailActions.requestVerification(ctx),
      verifyEmail: (ctx) => mailActions.verifyEmail(ctx),
      changeEmail: (ctx) => mailActions.changeEmail(ctx),
      ...userAdministration({ store, clock, audit }),
      ...userPictures({ store, audit, clock, accounts }),
      ...userExport({ store, clock, accounts }),
    },
  });
}
