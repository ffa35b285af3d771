import type { Database } from "../store/index.ts";
import { auditStore } from "./audit-store.ts";
import { userLock } from "./locks.ts";
import { mailTokenStore } from "./mail-token-store.ts";
import { pictureStore } from "./picture-store.ts";
import type { UsersTables } from "./tables.ts";
import { UserStore } from "./user-store.ts";

export type UsersStore = ReturnType<typeof usersStore>;

/** What is stored of users, with the keys and throttles that the services of users need. */
export function usersStore({ db, clock, keys, throttles }: Database) {
  const usersDb = db.withTables<UsersTables>();
  return {
    users: new UserStore(usersDb, clock.now),
    pictures: pictureStore(usersDb, userLock(usersDb)),
    audit: auditStore(usersDb),
    mailTokens: mailTokenStore(usersDb),
    keys,
    throttles,
  };
}
