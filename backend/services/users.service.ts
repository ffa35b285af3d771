import { randomUUID } from "node:crypto";
import type { ServiceSchema } from "moleculer";
import { announce, ClientError, call, defineService, refuse } from "../contract/index.ts";
import { emailAddress } from "../domain/email.ts";
import { type HashingQueue, QueueFull } from "../domain/hashing-queue.ts";
import { hashPassword, needsRehash, newPassword, passwordForm, verifyPassword } from "../domain/password.ts";
import { displayName } from "../domain/text.ts";
import type { Store } from "../store/index.ts";
import { clean } from "./clean.ts";
import { profile } from "./profile.ts";

/**
 * Users and their passwords.
 *
 * What a stranger can learn: logging in tells nothing about whether an address has a user, neither by the answer nor by the time (one
 * hash either way). Registering does tell it (409), because it signs in at once and so shows it anyway; it costs the stranger a full
 * hash and one of a few tries per address and time.
 */
export function usersService(options: {
  readonly store: Store;
  readonly hashing: HashingQueue;
  readonly clock: () => number;
}): ServiceSchema {
  const { store, clock } = options;
  let decoy = "";

  const hashing = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await options.hashing.run(work);
    } catch (error) {
      if (error instanceof QueueFull) throw refuse("UNAVAILABLE", { retryAfter: error.retryAfter });
      throw error;
    }
  };

  return defineService({
    name: "users",
    async started() {
      decoy = await hashPassword(randomUUID());
    },
    actions: {
      async register(ctx) {
        const email = clean("email", emailAddress(ctx.params.email));
        const name = clean("name", displayName(ctx.params.name));
        const password = clean("password", newPassword(ctx.params.password, [email, name]));
        const passwordHash = await hashing(() => hashPassword(password));
        const id = randomUUID();
        const user = { id, email, name, passwordHash, role: "user", createdAt: clock(), disabledAt: null } as const;
        if (!(await store.users.create(user))) {
          throw new ClientError(409, "EMAIL_TAKEN", "This e-mail address is registered already.", { field: "email" });
        }
        await announce(ctx.broker, "user.created", { id });
        return { user: profile(user), ...(await call(ctx, "auth.startSession", { userId: id })) };
      },

      async login(ctx) {
        const email = emailAddress(ctx.params.email);
        const password = passwordForm(ctx.params.password) ?? "";
        const user = email.ok ? await store.users.findByEmail(email.value) : undefined;
        const right = await hashing(() => verifyPassword(password, user?.passwordHash ?? decoy));
        if (!user || !right || user.disabledAt !== null) {
          throw new ClientError(401, "CREDENTIALS", "The e-mail address or the password is wrong.");
        }
        if (needsRehash(user.passwordHash)) {
          await store.users.setPasswordHash(user.id, await hashing(() => hashPassword(password)));
        }
        return { user: profile(user), ...(await call(ctx, "auth.startSession", { userId: user.id })) };
      },

      async profile(ctx) {
        const user = await store.users.find(ctx.meta.user.id);
        if (!user) throw refuse("UNAUTHORIZED");
        return profile(user);
      },
    },
  });
}
