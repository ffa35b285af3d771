import { CompiledQuery, type Kysely } from "kysely";
import type { Enter, Entered } from "./entering.ts";
import { named } from "./prepared.ts";
import type { Schema } from "./schema.ts";

/**
 * Lets users into rooms of PostgreSQL by one statement: a transaction of seven, each of which waits for the one before
 * it, cost node and database several times as much.
 */
export function enteringPostgres(db: Kysely<Schema>): Enter {
  return async ({ room, userId, at, from, limit, most }) => {
    const parameters = [room, userId, at, from, limit, most ?? null];
    const [row] = (await db.executeQuery<Outcome>({ ...ENTER, parameters })).rows;
    if (!row) throw new Error("invariant: the function says what came of entering");
    return row.outcome;
  };
}

/** What the function returns. */
interface Outcome {
  readonly outcome: Entered;
}

const ENTER = named<Outcome>(CompiledQuery.raw("select enter_room($1, $2, $3, $4, $5, $6) as outcome"));
