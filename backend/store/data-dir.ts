import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { StoreError } from "./store-error.ts";

/**
 * Makes the data folder, its missing parents included, and lets only this user use it (0700). An existing folder is
 * kept.
 *
 * Each missing folder is made by a call of its own: the recursive mkdir of Node.js never returns for a folder in a
 * file system that creates nothing, for example `/proc/x`.
 *
 * @throws StoreError (STORE_UNAVAILABLE) when the folder cannot be made, is not a folder, or cannot be read and
 * written
 */
export function makeDataDir(dataDir: string): void {
  const folder = resolve(dataDir);
  const missing: string[] = [];
  for (let path = folder; !existsSync(path) && dirname(path) !== path; path = dirname(path)) missing.push(path);
  try {
    for (const path of missing.reverse()) makeFolder(path);
    if (!statSync(folder).isDirectory()) throw new Error("it is not a folder");
    chmodSync(folder, 0o700);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(
      "STORE_UNAVAILABLE",
      `cannot use the data folder ${folder}: ${reason}. It must be a folder that this user may read and write; ` +
        "set DATA_DIR to another folder or repair this one.",
      error,
    );
  }
}

/**
 * Makes an empty file that only this user may use (0600), or sets these permissions of an existing one. It never opens
 * an existing file: closing a file gives up all POSIX locks that this process has on it, SQLite's among them.
 */
export function makePrivateFile(file: string): void {
  ignoreIfExists(() => closeSync(openSync(file, "wx", 0o600)));
  chmodSync(file, 0o600);
}

/**
 * Syncs a folder, so that its files are in it after a power cut. SQLite ignores it too where a system cannot do that.
 */
export function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Windows, a folder that this user may not read, a file system that does not sync folders
  }
}

/** Makes a folder, unless another process makes it at the same time. */
function makeFolder(path: string): void {
  ignoreIfExists(() => mkdirSync(path, { mode: 0o700 }));
}

function ignoreIfExists(make: () => void): void {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
