import type { Kysely, Transaction } from "kysely";
import type { Role } from "../surface.ts";
import { prepared } from "./prepared.ts";
import type { Schema } from "./schema.ts";

/*
 * A limit that is checked in one statement and used up in the next holds only when no other transaction runs in
 * between. SQLite runs one writing transaction at a time. PostgreSQL (READ COMMITTED) runs many: there a transaction
 * first writes to a row that all of its kind write to, and the others wait for its end. Each statement after that sees
 * what the others have committed.
 *
 * The order in which rows are locked, so that no two transactions wait for each other: administrators, users (by id),
 * the room.
 */

/** What decides whether a user may act, read under the lock. */
export interface LockedUser {
  readonly role: Role;
  readonly passwordHash: string;
  readonly disabledAt: number | null;
}

/** Until the transaction ends, no other one that calls this gets past it: for changes of who is an administrator. */
export async function lockAdmins(transaction: Transaction<Schema>): Promise<void> {
  await transaction.updateTable("locks").set({ name: "admins" }).where("name", "=", "admins").execute();
}

/**
 * Until the transaction ends, no other one locks or changes this user: for limits of one user, and for what only an
 * enabled account may do. Undefined where there is no such user. Messages can be sent meanwhile: a foreign key's lock
 * is a weaker one.
 */
export async function lockUser(transaction: Transaction<Schema>, id: string): Promise<LockedUser | undefined> {
  return lockQuery(transaction, { userId: id }).executeTakeFirst();
}

/** The same as a query that is built once; it returns a row at most. */
export const userLock = (db: Kysely<Schema>) => prepared(db, lockQuery);

const lockQuery = (within: Kysely<Schema>, { userId }: { readonly userId: string }) =>
  within
    .updateTable("users")
    .set((row) => ({ created_at: row.ref("created_at") }))
    .where("id", "=", userId)
    .returning(["role", "password_hash as passwordHash", "disabled_at as disabledAt"]);

/**
 * Until the transaction ends, no message is stored or changed in this room and no user joins or leaves. False where
 * there is no such room. For changes that do not count the room's revision up, which would lock it as well.
 */
export async function lockRoom(transaction: Transaction<Schema>, room: string): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable("rooms")
    .set((row) => ({ revision: row.ref("revision") }))
    .where("name", "=", room)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
