import type { Kysely } from "kysely";
import { nameKeys, skeleton } from "../domain/look-alike.ts";
import type { NameKeysTable, Schema } from "./schema.ts";

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

/** Takes the name of a new public room. False when there is a room whose name looks like it. */
export function takeRoomName(transaction: Kysely<Schema>, name: string): Promise<boolean> {
  return take(transaction, "room", name, [skeleton(name)]);
}

async function take(
  transaction: Kysely<Schema>,
  kind: NameKeysTable["kind"],
  owner: string,
  keys: readonly string[],
): Promise<boolean> {
  const rows = [...new Set(keys)].sort().map((key) => ({ kind, key, owner }));
  const taken = await transaction
    .insertInto("name_keys")
    .values(rows)
    .onConflict((conflict) => conflict.columns(["kind", "key"]).doNothing())
    .returning("key")
    .execute();
  return taken.length === rows.length;
}
