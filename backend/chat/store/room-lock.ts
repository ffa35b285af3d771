import type { Transaction } from "kysely";
import type { ChatTables } from "./tables.ts";

/**
 * Until the transaction ends, no message is stored or changed in this room and no user joins or leaves. False
 * where there is no such room. For changes that do not count the room's revision up, which would lock it as well. Rooms
 * are locked after users (`users/locks.ts`).
 */
export async function lockRoom(transaction: Transaction<ChatTables>, room: string): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable("rooms")
    .set((row) => ({ revision: row.ref("revision") }))
    .where("name", "=", room)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}
