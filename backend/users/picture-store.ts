import type { Kysely } from "kysely";
import { inOwnTransaction, undoable } from "../store/index.ts";
import type { LockUser } from "./locks.ts";
import type { Picture } from "./picture.ts";
import type { PictureType } from "./shapes.ts";
import type { UsersTables } from "./tables.ts";

/** The hash of a user's picture; null for none. */
export interface UserPicture {
  /** The user's id. */
  readonly id: string;
  readonly picture: string | null;
}

/** The pictures of users. */
export function pictureStore(db: Kysely<UsersTables>, lockUser: LockUser) {
  return {
    /** Stores a user's picture in place of the one before; false when the account is disabled. */
    async set(userId: string, hash: string, { type, bytes }: Picture, at: number): Promise<boolean> {
      return undoable(inOwnTransaction(db), async (transaction) => {
        if ((await lockUser(transaction, userId))?.disabledAt !== null) return false;
        const picture = { hash, type, bytes, changed_at: at };
        await transaction
          .insertInto("user_pictures")
          .values({ user_id: userId, ...picture })
          .onConflict((conflict) => conflict.column("user_id").doUpdateSet(picture))
          .execute();
        return true;
      });
    },

    async remove(userId: string): Promise<void> {
      await db.deleteFrom("user_pictures").where("user_id", "=", userId).execute();
    },

    /** The user's picture, if it has this hash. That of a disabled account is found with `includesDisabled` only. */
    async find(userId: string, hash: string, includesDisabled: boolean): Promise<Picture | undefined> {
      const all = db
        .selectFrom("user_pictures")
        .innerJoin("users", "users.id", "user_pictures.user_id")
        .select(["type", "bytes"])
        .where("user_id", "=", userId)
        .where("hash", "=", hash);
      const found = await (includesDisabled ? all : all.where("users.disabled_at", "is", null)).executeTakeFirst();
      return found && { type: found.type as PictureType, bytes: Buffer.from(found.bytes) };
    },

    /** A user's picture as the export has it. */
    async forExport(userId: string): Promise<{ readonly contentType: string; readonly base64: string } | undefined> {
      const query = db.selectFrom("user_pictures").select(["type", "bytes"]).where("user_id", "=", userId);
      const found = await query.executeTakeFirst();
      return found && { contentType: found.type, base64: Buffer.from(found.bytes).toString("base64") };
    },

    /** The pictures of these users, without disabled accounts and ids of no user. */
    async ofUsers(userIds: readonly string[]): Promise<readonly UserPicture[]> {
      if (userIds.length === 0) return [];
      return db
        .selectFrom("users")
        .leftJoin("user_pictures", "user_pictures.user_id", "users.id")
        .select(["users.id", "hash as picture"])
        .where("users.id", "in", [...userIds])
        .where("users.disabled_at", "is", null)
        .execute();
    },
  };
}
