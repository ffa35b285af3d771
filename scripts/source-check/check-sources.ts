import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { longFunctions } from "./function-length.ts";
import { longLines } from "./long-lines.ts";
import { duplicateTypeNames } from "./type-names.ts";
import { unclearWords } from "./unclear-words.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The program. Its types are read in other files, those of a test in its own. */
const PROGRAM = /^(backend|infra|cloudflared|scripts)\/.*\.m?ts$/;

/**
 * Reads the project's program and tests, and prints what makes them hard to read: types that share a name, functions
 * and lines that are too long, unclear words in names and comments. 1 when there is anything, else 0.
 */
export async function checkSources(): Promise<0 | 1> {
  const paths = ["{.,}*", "{backend,infra,cloudflared,scripts,test}/**/*"].map(
    (place) => `${place}.{ts,mts,mjs,js,css}`,
  );
  const files = globSync(paths, { cwd: ROOT })
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
  const program = files.filter(({ path }) => PROGRAM.test(path));
  const found = [
    ...duplicateTypeNames(program),
    ...longFunctions(program),
    ...files.flatMap(longLines),
    ...files.filter(({ path }) => !path.endsWith(".css")).flatMap(unclearWords),
  ];
  for (const line of found) console.error(line);
  return found.length === 0 ? 0 : 1;
}
