/** The project's own files, without Git: a copy of the project may have none. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Folders of packages, of data (`.data`, `.data-2`), of results and of the developer's own scripts. */
const OTHERS = /^(?:(?:.*\/)?(?:node_modules|\.data[^/]*|\.git|coverage)|local)$/;

function below(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return OTHERS.test(path) ? [] : below(path);
    return entry.isFile() ? [path] : [];
  });
}

/** Paths from the root, sorted. */
export const files: readonly string[] = below(".").toSorted();
