import type { Kysely, Transaction } from "kysely";
import { prepared, type QueryRunner } from "../store/index.ts";
import type { Role } from "../surface/roles.ts";
import type { UsersTables } from "./tables.ts";

/*
 * A limit that is checked in one statement and used up in the next holds only when no other transaction runs in
 * between. SQLite runs one writing transaction at a time. PostgreSQL (READ COMMITTED) runs many: there a transaction
 * first writes to a row that all of its kind write to, and the others wait for its end. Each statement after that sees
 * what the others have committed.
 *
 * The order in which rows are locked, so that no two transactions wait for each other: administrators, users (by id),
 * then what features have, for example a room.
 */

/** What decides whether a user may act, read under the lock. */
interface LockedUser {
  readonly role: Role;
  readonly passwordHash: string;
  readonly disabledAt: number | null;
}

/**
 * Until the transaction ends, no other one locks or changes this user: for limits of one user, and for what only an
 * enabled account may do. Undefined where there is no such user. Messages can be sent meanwhile: a foreign key's lock
 * is a weaker one.
 */
export type LockUser = (transaction: QueryRunner, id: string) => Promise<LockedUser | undefined>;

/** Makes the lock of a user, as a query that is built once. */
export function userLock(db: Kysely<UsersTables>): LockUser {
  const lock = prepared(db, (builder, { userId }: { readonly userId: string }) =>
    builder
      .updateTable("users")
      .set((row) => ({ created_at: row.ref("created_at") }))
      .where("id", "=", userId)
      .returning(["role", "password_hash as passwordHash", "disabled_at as disabledAt"]),
  );
  return async (transaction, userId) => (await lock(transaction, { userId }))[0];
}

/** Until the transaction ends, other ones that call this wait: for changes of the list of administrators. */
export async function lockAdmins(transaction: Transaction<UsersTables>): Promise<void> {
  await transaction
    .insertInto("locks")
    .values({ name: "admins" })
    .onConflict((conflict) => conflict.column("name").doUpdateSet({ name: "admins" }))
    .execute();
}
