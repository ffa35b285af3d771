import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { duplicateTypeNames } from "./type-names.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The program. Tests are left out: a type of theirs is read in its own file. */
const SOURCES = "{backend,infra,cloudflared,scripts}/**/*.{ts,mts}";

/** Prints what is wrong with the names of the program's types. 1 when there is anything, else 0. */
export async function checkSources(): Promise<0 | 1> {
  const paths = globSync(SOURCES, { cwd: ROOT }).sort();
  const found = duplicateTypeNames(paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") })));
  for (const line of found) console.error(line);
  return found.length === 0 ? 0 : 1;
}
