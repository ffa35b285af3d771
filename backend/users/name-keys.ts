import type { Kysely } from "kysely";
import { prepared, type QueryRunner } from "../store/index.ts";
import { nameKeys } from "../text/look-alike.ts";
import type { NameKeysTable, UsersTables } from "./tables.ts";

/**
 * Takes a user's name. False when another user has one that looks like it; then the caller has to undo its
 * transaction.
 */
export async function takeUserName(transaction: Kysely<UsersTables>, id: string, name: string): Promise<boolean> {
  await releaseUserName(transaction, id);
  const rows = [...new Set(nameKeys(name))].sort().map((key) => ({ kind: "user", key, owner: id }));
  const taken = await insertKeys(transaction, rows).execute();
  return taken.length === rows.length;
}

/** Lets other users take the name of this one. */
export async function releaseUserName(transaction: Kysely<UsersTables>, id: string): Promise<void> {
  await transaction.deleteFrom("name_keys").where("kind", "=", "user").where("owner", "=", id).execute();
}

/** Takes the key (`skeleton`) of a name, in a transaction. False when another owner of the kind has it. */
export type TakeName = (transaction: QueryRunner, name: Readonly<NameKeysTable>) => Promise<boolean>;

/** Makes `TakeName`, as a query that is built once. */
export function nameTaker(db: Kysely<UsersTables>): TakeName {
  const insert = prepared(db, (builder, { kind, key, owner }: Readonly<NameKeysTable>) =>
    insertKeys(builder, [{ kind, key, owner }]),
  );
  return async (transaction, name) => (await insert(transaction, name)).length === 1;
}

/** Inserts the keys that no other owner has, and returns those. */
const insertKeys = (db: Kysely<UsersTables>, rows: readonly NameKeysTable[]) =>
  db
    .insertInto("name_keys")
    .values(rows)
    .onConflict((conflict) => conflict.columns(["kind", "key"]).doNothing())
    .returning("key");
