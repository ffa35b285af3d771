import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { together } from "../transactions.ts";
import type { Usage } from "../usage.ts";
import type { Appender } from "./appender.ts";
import { transactionAppender } from "./in-transactions.ts";

/** Stores messages in the embedded database. */
export function sqliteAppender(db: Kysely<Schema>, usage: Usage): Appender {
  return transactionAppender(db, together(db), usage);
}
