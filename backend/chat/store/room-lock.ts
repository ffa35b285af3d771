import type { Transaction } from "kysely";
import type { ChatTables } from "./tables.ts";

/**
 * Locks a room: until the transaction ends, no message is stored or changed in it, and no user joins or leaves. Returns
 * false where there is no such room. A transaction that increases the room's revision locks it by that. Rooms are
 * locked after users (`users/locks.ts`).
 */
export async function lockRoom(transaction: Transaction<ChatTables>, room: string): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable("rooms")
    .set((row) => ({ revision: row.ref("revision") }))
    .where("name", "=", room)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
