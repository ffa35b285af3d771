import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDataDir } from "../../backend/store/data-dir.ts";
import { isRunning } from "../command-line/processes.ts";

/** Another process uses the data folder, or a file in it cannot be used. */
class DataDirError extends Error {
  override readonly name = "DataDirError";
}

/**
 * The lock files that this process has made. Any other lock file with this process's id is of a killed process that had
 * the same id.
 */
const ownLocks = new Set<string>();

/**
 * Makes the data folder (0700) where it is missing, and locks it for this process: two runs on the same users,
 * messages and keys would lose some. The lock of a process that was killed is replaced.
 *
 * @returns a function that removes the lock
 * @throws DataDirError when a running process has locked the folder
 * @throws StoreError when it cannot be made, read or written
 */
export function takeDataDir(dataDir: string): () => void {
  makeDataDir(dataDir);
  const lock = join(dataDir, "lock");
  while (!createLock(lock)) {
    const holder = liveHolder(lock);
    if (holder !== undefined) {
      throw new DataDirError(
        `${dataDir} is in use by process ${holder}: stop it (Ctrl-C in its terminal), or start with another folder ` +
          "(DATA_DIR)",
      );
    }
    rmSync(lock, { force: true });
  }
  ownLocks.add(lock);
  return () => {
    ownLocks.delete(lock);
    rmSync(lock, { force: true });
  };
}

/**
 * A file of the data folder that could not be read or written, as an error that says what to do; undefined for any
 * other error.
 */
export function unusableFile(error: unknown, dataDir: string): DataDirError | undefined {
  const { path, dest = path, message } = error as NodeJS.ErrnoException & { dest?: string };
  if (typeof dest !== "string" || dirname(dest) !== dataDir) return undefined;
  return new DataDirError(
    `${dest} cannot be used (${message}): it must be a file that you may read and write. Correct it, or move it ` +
      "away: the next start makes a new one",
  );
}

/** Creates the lock file with this process's id; false where there is one already. */
function createLock(lock: string): boolean {
  try {
    writeFileSync(lock, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** The running process that a lock file names; undefined where the file is gone or its process has ended. */
function liveHolder(lock: string): number | undefined {
  let pid: number;
  try {
    pid = Number.parseInt(readFileSync(lock, "utf8"), 10);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  // in a container every run has the same few ids
  if (pid === process.pid && !ownLocks.has(lock)) return undefined;
  return isRunning(pid) ? pid : undefined;
}
