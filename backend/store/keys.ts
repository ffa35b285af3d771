import type { Kysely } from "kysely";
import type { KeysTable, Schema } from "./schema.ts";

export type KeyPurpose = KeysTable["purpose"];

export interface StoredKey {
  readonly generation: number;
  readonly material: string;
  readonly createdAt: number;
  readonly retiredAt: number | null;
}

export type KeyStore = ReturnType<typeof keyStore>;

export function keyStore(db: Kysely<Schema>) {
  const list = async (purpose: KeyPurpose): Promise<readonly StoredKey[]> => {
    const query = db.selectFrom("keys").selectAll().where("purpose", "=", purpose).orderBy("generation", "desc");
    return (await query.execute()).map((row) => ({
      generation: row.generation,
      material: row.material,
      createdAt: row.created_at,
      retiredAt: row.retired_at,
    }));
  };
  return {
    /** All keys of the purpose, the newest first. */
    list,

    /** The same, after making the first one if there is none. When two nodes start at once, both get the one that was stored. */
    async ensure(purpose: KeyPurpose, make: () => string, now: number): Promise<readonly StoredKey[]> {
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
