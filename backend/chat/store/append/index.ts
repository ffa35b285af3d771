export type { Appended, Appender, AssertMaySend } from "./appender.ts";
export { postgresAppender } from "./postgres.ts";
export { sqliteAppender } from "./sqlite.ts";
