import type { Database } from "../../store/index.ts";
import { nameTaker, type UsersTables, userLock } from "../../users/index.ts";
import { postgresAppender, sqliteAppender } from "./append/index.ts";
import { authorCache } from "./author-cache.ts";
import { enteringPostgres } from "./entering-postgres.ts";
import { enteringSqlite } from "./entering-sqlite.ts";
import { exportedStore } from "./exported.ts";
import { MemberStore } from "./members.ts";
import { messageStore } from "./messages.ts";
import { readMarkStore } from "./read-marks.ts";
import { reportStore } from "./reports.ts";
import { RoomStore } from "./rooms.ts";
import { searchStore } from "./search/index.ts";
import type { ChatTables } from "./tables.ts";
import { createUsage } from "./usage.ts";

export type { AssertMaySend } from "./append/index.ts";
export type { Entry } from "./entering.ts";
export type { ChangeCheck } from "./members.ts";
export type { MessageRange } from "./messages.ts";
export type { Retention } from "./retention.ts";
export type { RoomRow } from "./rooms.ts";

export type ChatStore = ReturnType<typeof chatStore>;

/** What is stored of rooms, their members and their messages. */
export function chatStore({ db, groups, beforeClose }: Pick<Database, "db" | "groups" | "beforeClose">) {
  const chatDb = db.withTables<ChatTables>();
  const usersDb = db.withTables<UsersTables>();
  const lockUser = userLock(usersDb);
  const usage = createUsage(chatDb);
  beforeClose(usage.close);
  const authors = groups && authorCache(groups, chatDb);
  const appender = authors ? sqliteAppender(groups, authors, chatDb, usage) : postgresAppender(chatDb, usage);
  const enter = authors ? enteringSqlite(groups, authors, chatDb) : enteringPostgres(chatDb);
  return {
    rooms: new RoomStore(chatDb, usage, { lockUser, takeName: nameTaker(usersDb) }),
    members: new MemberStore(chatDb, enter, lockUser),
    messages: messageStore(chatDb, appender, usage),
    readMarks: readMarkStore(chatDb),
    reports: reportStore(chatDb, usage, lockUser),
    search: searchStore(chatDb),
    exported: exportedStore(chatDb),
  };
}
