import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/**
 * Gives a file another text, where it still has the one from before; false where it has not. A program that reads the
 * file meanwhile gets one of the two. The new text is first in a hidden file beside it, which nothing takes for a rule.
 */
export function replaceText(file: string, before: string, after: string): boolean {
  const next = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    writeFileSync(next, after, { flag: "wx", mode: statSync(file).mode & 0o777 });
    if (!readFileSync(file).equals(Buffer.from(before))) return false;
    renameSync(next, file);
    return true;
  } finally {
    rmSync(next, { force: true });
  }
}
