export type { Appended, Appender, Judge } from "./appender.ts";
export { postgresAppender } from "./postgres.ts";
export { sqliteAppender } from "./sqlite.ts";
