import { type AuthStore, authStore } from "../../../backend/auth/index.ts";
import { type ChatStore, chatStore } from "../../../backend/chat/index.ts";
import { loadFeatures } from "../../../backend/modules.ts";
import { type Database, type DatabaseOptions, openDatabase } from "../../../backend/store/index.ts";
import { type UsersStore, usersStore } from "../../../backend/users/index.ts";

export { StoreError } from "../../../backend/store/index.ts";

/** The features of the program. */
export const FEATURES = await loadFeatures();

/** The database, and what its features store. */
export type Store = Database & UsersStore & AuthStore & ChatStore;

export async function openStore(options: DatabaseOptions): Promise<Store> {
  const database = await openDatabase(options, FEATURES);
  return { ...database, ...database.open(usersStore), ...database.open(authStore), ...database.open(chatStore) };
}
