import { statSync } from "node:fs";
import { stat } from "node:fs/promises";

/** Milliseconds between two checks. What is acknowledged between them is saved from the open file (`saveTo`). */
const INTERVAL_MS = 1_000;

/**
 * Watches whether the files of an open database are deleted or replaced. SQLite goes on using the old file then, and
 * everything that it acknowledges is lost when the process ends.
 *
 * @param files paths of files that exist now
 * @param onLost called once, with the path of the file that was deleted or replaced
 * @returns a function that stops watching
 */
export function watchFiles(
  files: readonly string[],
  onLost: (file: string) => void,
  intervalMs = INTERVAL_MS,
): () => void {
  const before = new Map(files.map((file) => [file, identityOf(statSync(file, { bigint: true }))]));
  let isChecking = false;
  let isStopped = false;
  const check = async () => {
    if (isChecking) return;
    isChecking = true;
    for (const [file, identity] of before) {
      const isLost = await hasChanged(file, identity);
      if (isStopped) return; // then SQLite removes its log
      if (!isLost) continue;
      clearInterval(timer);
      return onLost(file);
    }
    isChecking = false;
  };
  const timer = setInterval(check, intervalMs);
  timer.unref();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}

/** Device and inode of a file. It is never opened: closing it would give up the locks that SQLite has on it. */
const identityOf = ({ dev, ino }: { dev: bigint; ino: bigint }): string => `${dev}:${ino}`;

/** A file whose status cannot be read for another reason counts as unchanged: writes report problems of the disk. */
async function hasChanged(file: string, identity: string): Promise<boolean> {
  try {
    return identityOf(await stat(file, { bigint: true })) !== identity;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR";
  }
}
