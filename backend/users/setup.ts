import { createHash, randomBytes } from "node:crypto";
import type { UsersStore } from "./store.ts";

/** Where the page opens the registration of the first administrator; the fragment never leaves the browser. */
const SETUP_PATH = "/#setup=";

/**
 * Makes the setup link: a path with a token that works once, under which the first administrator registers. Only the
 * token's hash is stored, and earlier links stop working. Undefined when there is an administrator; earlier links are
 * deleted then, so that they do not work should there be no administrator one day.
 */
export async function setupPath(store: Pick<UsersStore, "keys" | "users">, now: number): Promise<string | undefined> {
  if (await store.users.hasAdmin()) {
    await store.keys.forget("setup");
    return undefined;
  }
  const token = randomBytes(32).toString("base64url");
  await store.keys.replace("setup", setupHash(token), now);
  return `${SETUP_PATH}${token}`;
}

/** Whether a setup token is valid now. It may be used up a moment later: `createFirstAdmin` decides. */
export async function isSetupToken(store: Pick<UsersStore, "keys" | "users">, token: string): Promise<boolean> {
  const keys = await store.keys.list("setup");
  // hashes of 256 random bits are compared: the time that it takes reveals nothing about the token
  return keys.some(({ material }) => material === setupHash(token)) && !(await store.users.hasAdmin());
}

/** The hash of a setup token, which is stored. */
export function setupHash(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
