import { randomUUID } from "node:crypto";
import { refuse } from "../contract/index.ts";
import { type HashingQueue, QueueFull } from "../domain/hashing-queue.ts";
import {
  HASH_COST,
  type HashCost,
  hashPassword,
  needsRehash,
  passwordForm,
  verifyPassword,
} from "../domain/password.ts";
import type { Store, User } from "../store/index.ts";
import { yieldHashing } from "./hashing-threads.ts";

/** Hashing behind its queue: every hash that somebody outside can cause goes through here. */
export interface Passwords {
  hash(password: string): Promise<string>;
  /** Whether it is the user's password: for nobody as for somebody, one hash and the same time. */
  verify(user: User | undefined, password: string): Promise<boolean>;
}

/** Throws UNAVAILABLE with the seconds to wait when the queue is full. */
export async function createPasswords(
  store: Store,
  queue: HashingQueue,
  cost: HashCost = HASH_COST,
): Promise<Passwords> {
  const decoy = await hashPassword(randomUUID(), cost);
  yieldHashing();
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await queue.run(work);
    } catch (error) {
      if (error instanceof QueueFull) throw refuse("UNAVAILABLE", { retryAfter: error.retryAfter });
      throw error;
    }
  };
  return {
    hash: (password) => run(() => hashPassword(password, cost)),
    async verify(user, input) {
      const password = passwordForm(input) ?? "";
      const right = await run(() => verifyPassword(password, user?.passwordHash ?? decoy));
      if (!user || !right) return false;
      if (needsRehash(user.passwordHash, cost)) {
        await store.users.setPasswordHash(user.id, await run(() => hashPassword(password, cost)));
      }
      return true;
    },
  };
}
