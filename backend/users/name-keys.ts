import type { Kysely } from "kysely";
import { prepared } from "../store/prepared.ts";
import type { NameKeysTable, Schema } from "../store/schema.ts";
import { nameKeys, skeleton } from "../text/look-alike.ts";

/**
 * Takes a user's name. False when another user has one that looks like it; then the caller has to undo its
 * transaction.
 */
export async function takeUserName(transaction: Kysely<Schema>, id: string, name: string): Promise<boolean> {
  await releaseUserName(transaction, id);
  return take(transaction, "user", id, nameKeys(name));
}

export async function releaseUserName(transaction: Kysely<Schema>, id: string): Promise<void> {
  await transaction.deleteFrom("name_keys").where("kind", "=", "user").where("owner", "=", id).execute();
}

/** Makes what takes the name of a new public room: false when there is a room whose name looks like it. */
export function roomNames(db: Kysely<Schema>): (transaction: Kysely<Schema>, name: string) => Promise<boolean> {
  const insert = prepared(db, (within, { key, owner }: { key: string; owner: string }) =>
    insertKeys(within, [{ kind: "room", key, owner }]),
  );
  return async (transaction, name) => (await insert(transaction, { key: skeleton(name), owner: name })).length === 1;
}

async function take(
  transaction: Kysely<Schema>,
  kind: NameKeysTable["kind"],
  owner: string,
  keys: readonly string[],
): Promise<boolean> {
  const rows = [...new Set(keys)].sort().map((key) => ({ kind, key, owner }));
  const taken = await insertKeys(transaction, rows).execute();
  return taken.length === rows.length;
}

/** Inserts the keys that no user or room has, and returns those. */
const insertKeys = (db: Kysely<Schema>, rows: readonly NameKeysTable[]) =>
  db
    .insertInto("name_keys")
    .values(rows)
    .onConflict((conflict) => conflict.columns(["kind", "key"]).doNothing())
    .returning("key");
