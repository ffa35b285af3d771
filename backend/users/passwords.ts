import { randomUUID } from "node:crypto";
import { refuse } from "../contract/index.ts";
import { type HashingQueue, QueueFull } from "./hashing-queue.ts";
import { lowerHashingPriority } from "./internals/hashing-threads.ts";
import { HASH_COST, type HashCost, hashPassword, needsRehash, passwordForm, verifyPassword } from "./password.ts";
import type { UsersStore } from "./store.ts";
import type { User } from "./user-store.ts";

/** Hashes and checks passwords, by way of the queue. Every hash that a client can cause is made here. */
export interface Passwords {
  /** Throws UNAVAILABLE when the queue is full. To be called first, so that no other work is done in vain. */
  assertNotBusy(): void;
  hash(password: string): Promise<string>;
  /**
   * Returns the stored hash of the user's password, if this is the password; else undefined. For an unknown account it
   * hashes too, so that the time does not reveal whether the account exists. The password may be changed meanwhile: the
   * caller acts only while this hash is the stored one.
   */
  verify(user: User | undefined, password: string): Promise<string | undefined>;
}

/** The functions of the result throw UNAVAILABLE with the seconds to wait when the queue is full. */
export async function createPasswords(
  store: UsersStore,
  queue: HashingQueue,
  cost: HashCost = HASH_COST,
): Promise<Passwords> {
  // checked in place of the hash of an unknown account
  const decoy = await hashPassword(randomUUID(), cost);
  lowerHashingPriority();
  const asRefusal = (error: unknown): unknown =>
    error instanceof QueueFull ? refuse("UNAVAILABLE", { retryAfter: error.retryAfter }) : error;
  const run = <T>(work: () => Promise<T>): Promise<T> =>
    queue.run(work).catch((error: unknown) => {
      throw asRefusal(error);
    });
  const passwords: Passwords = {
    assertNotBusy() {
      try {
        queue.assertNotFull();
      } catch (error) {
        throw asRefusal(error);
      }
    },
    hash: (password) => run(() => hashPassword(password, cost)),
    async verify(user, input) {
      const password = passwordForm(input) ?? "";
      const isRight = await run(() => verifyPassword(password, user?.passwordHash ?? decoy));
      if (!user || !isRight) return undefined;
      if (!needsRehash(user.passwordHash, cost)) return user.passwordHash;
      const fresh = await passwords.hash(password);
      if (await store.users.replacePasswordHash(user.id, user.passwordHash, fresh)) return fresh;
      // the stored hash has changed meanwhile, by another device's rehash or by a new password: it must not be undone
      return passwords.verify(await store.users.find(user.id), input);
    },
  };
  return passwords;
}
