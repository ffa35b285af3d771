import type { Kysely } from "kysely";
import type { StoreTables } from "./tables.ts";

/** A secret that the program has made. Times in milliseconds since 1970. */
export interface StoredKey {
  readonly generation: number;
  readonly material: string;
  readonly createdAt: number;
  readonly retiredAt: number | null;
}

export type KeyStore = ReturnType<typeof keyStore>;

export function keyStore(db: Kysely<StoreTables>) {
  const list = async (purpose: string): Promise<readonly StoredKey[]> => {
    const query = db.selectFrom("keys").selectAll().where("purpose", "=", purpose).orderBy("generation", "desc");
    return (await query.execute()).map((row) => ({
      generation: row.generation,
      material: row.material,
      createdAt: row.created_at,
      retiredAt: row.retired_at,
    }));
  };
  return {
    /** All keys of a purpose, the newest first. */
    list,

    /** Replaces the only key of its purpose; of several concurrent calls, the last one's key is stored. */
    async replace(purpose: string, material: string, now: number): Promise<void> {
      const key = { material, created_at: now, retired_at: null };
      await db
        .insertInto("keys")
        .values({ purpose, generation: 1, ...key })
        .onConflict((conflict) => conflict.columns(["purpose", "generation"]).doUpdateSet(key))
        .execute();
    },

    /** Deletes all keys of a purpose. */
    async forget(purpose: string): Promise<void> {
      await db.deleteFrom("keys").where("purpose", "=", purpose).execute();
    },

    /** Adds a new key of a purpose, and retires the earlier ones. */
    async rotate(purpose: string, material: string, now: number): Promise<void> {
      await db.transaction().execute(async (transaction) => {
        const { newest } = await transaction
          .selectFrom("keys")
          .select((row) => row.fn.max("generation").as("newest"))
          .where("purpose", "=", purpose)
          .executeTakeFirstOrThrow();
        await transaction
          .updateTable("keys")
          .set({ retired_at: now })
          .where("purpose", "=", purpose)
          .where("retired_at", "is", null)
          .execute();
        const key = { purpose, generation: (newest ?? 0) + 1, material, created_at: now, retired_at: null };
        await transaction.insertInto("keys").values(key).execute();
      });
    },

    /** Deletes a key. Returns false when there is none: of several concurrent calls, one succeeds. */
    async take(purpose: string, material: string): Promise<boolean> {
      const { numDeletedRows } = await db
        .deleteFrom("keys")
        .where("purpose", "=", purpose)
        .where("material", "=", material)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },

    /**
     * All keys of a purpose. Makes the first one where there is none. When two nodes do so at the same time, both get
     * the key that was stored.
     */
    async ensure(purpose: string, make: () => string, now: number): Promise<readonly StoredKey[]> {
      const known = await list(purpose);
      if (known.length > 0) return known;
      await db
        .insertInto("keys")
        .values({ purpose, generation: 1, material: make(), created_at: now, retired_at: null })
        .onConflict((conflict) => conflict.columns(["purpose", "generation"]).doNothing())
        .execute();
      return list(purpose);
    },
  };
}
