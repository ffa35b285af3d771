import type { Kysely } from "kysely";
import type { Schema } from "../schema.ts";
import { apart } from "../transactions.ts";
import type { Usage } from "../usage.ts";
import type { Appender } from "./appender.ts";
import { transactionAppender } from "./in-transactions.ts";

/** Stores messages in PostgreSQL. */
export function postgresAppender(db: Kysely<Schema>, usage: Usage): Appender {
  return transactionAppender(db, apart(db), usage);
}
