import { createHash, randomBytes } from "node:crypto";
import type { Store } from "../store/index.ts";

/** Where the page opens the registration of the first administrator; the fragment never leaves the browser. */
const SETUP_PATH = "/#setup=";

/**
 * While there is no administrator: a path with a new one-time token, under which the first one registers. The store keeps its hash
 * only; an older link stops working. Undefined when there is an administrator; then no older link works again when there is none one day.
 */
export async function setupPath(store: Store, now: number): Promise<string | undefined> {
  if (await store.users.hasAdmin()) {
    await store.keys.forget("setup");
    return undefined;
  }
  const token = randomBytes(32).toString("base64url");
  await store.keys.replace("setup", hashOf(token), now);
  return `${SETUP_PATH}${token}`;
}

/** Whether a setup token is good now. */
export async function isSetupToken(store: Store, token: string): Promise<boolean> {
  const keys = await store.keys.list("setup");
  // comparing hashes of 256 random bits tells nobody anything about the token by its time
  return keys.some(({ material }) => material === hashOf(token)) && !(await store.users.hasAdmin());
}

/** Uses a setup token up; true for the one who does. */
export async function takeSetupToken(store: Store, token: string): Promise<boolean> {
  return (await isSetupToken(store, token)) && store.keys.take("setup", hashOf(token));
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
