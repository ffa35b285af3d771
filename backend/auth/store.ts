import type { Database } from "../store/index.ts";
import { type UsersTables, userLock } from "../users/index.ts";
import { SessionStore } from "./session-store.ts";
import type { AuthTables } from "./tables.ts";

export type AuthStore = ReturnType<typeof authStore>;

/** What is stored of sessions, and the keys of tokens. */
export function authStore({ db, keys }: Database) {
  return { sessions: new SessionStore(db.withTables<AuthTables>(), userLock(db.withTables<UsersTables>())), keys };
}
