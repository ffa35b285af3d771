/** Rows that tests of stores begin with. */
import type { Session } from "../../../backend/auth/session.ts";
import type { NewUser } from "../../../backend/users/user-store.ts";
import type { Store } from "./open-store.ts";

/** A user whose name is the id, unless the facts say otherwise. */
export const newUser = (id: string, facts: Partial<NewUser> = {}): NewUser => ({
  ...{ id, email: `${id}@example.org`, name: id, passwordHash: "x", role: "user", createdAt: 1, disabledAt: null },
  ...facts,
});

/** Users who are signed in: the session of `ada` is `s-ada`. */
export async function addUsers(store: Store, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await store.users.create(newUser(id));
    await store.sessions.create(newSession(`s-${id}`, id));
  }
}

/** A session of a user that has begun just now; `h1` is the hash of its refresh token. */
export const newSession = (id: string, userId: string, at = 1): Session => ({
  ...{ id, userId, refreshHash: "h1", previousHash: null, rotatedAt: at, createdAt: at, usedAt: at, endedAt: null },
  ...{ accessHash: null, address: null, agent: null },
});
