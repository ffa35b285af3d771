import { afterAuthRestore } from "./auth/after-restore.ts";
import { authMigrations } from "./auth/migrations.ts";
import { type AuthStore, authStore } from "./auth/store.ts";
import { afterChatRestore } from "./chat/after-restore.ts";
import { chatMigrations } from "./chat/migrations.ts";
import { type ChatStore, chatStore } from "./chat/store/index.ts";
import { type Database, type DatabaseOptions, type FeatureTables, openDatabase } from "./store/index.ts";
import { afterUsersRestore, type UsersStore, usersMigrations, usersStore } from "./users/index.ts";

/** What all features store. */
export type Store = Database & UsersStore & AuthStore & ChatStore;

/** The features, each after those that it builds on. */
export const FEATURES: readonly FeatureTables[] = [
  { name: "users", migrations: usersMigrations, afterRestore: afterUsersRestore },
  { name: "auth", migrations: authMigrations, afterRestore: afterAuthRestore },
  { name: "chat", migrations: chatMigrations, afterRestore: afterChatRestore },
];

/** Opens the database, and the stores of all features over it. Throws as `openDatabase` does. */
export async function openStore(options: DatabaseOptions): Promise<Store> {
  const database = await openDatabase(options, FEATURES);
  return { ...database, ...usersStore(database), ...authStore(database), ...chatStore(database) };
}
