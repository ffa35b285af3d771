/** Which files belong to a feature, and which lines of other files name them. */
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { UsageError } from "../command-line/index.ts";

const FEATURES = "backend/features.ts";
export const ARCHITECTURE = "ARCHITECTURE.md";
const PROGRAM = ["backend", "cloudflared", "infra", "scripts", "test"];
/** Folders in which a feature can have folders and files, at any depth. */
const PLACES = ["backend", "infra/policy", "test"];
/** Of these folders only the listed subfolders are searched; of all others, every one. */
const SEARCHED_SUBFOLDERS: Readonly<Record<string, readonly string[]>> = {
  backend: ["client", "page"],
  test: ["backend", "bench", "infra", "journeys", "real", "slow"],
  "test/backend": ["client", "page"],
  "test/infra": ["policy"],
};

/**
 * The paths that belong to a feature, from the project's folder, sorted: files and folders whose name, up to its first
 * dot, is the feature's. What is in such a folder belongs to it and is not named again.
 */
export function featurePaths(root: string, feature: string): readonly string[] {
  const features = new Set(featureNames(root));
  const found: string[] = [];
  const search = (folder: string): void => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    for (const entry of entries) {
      const path = `${folder}/${entry.name}`;
      if (entry.name.split(".")[0] === feature) found.push(path);
      else if (entry.isDirectory() && !features.has(entry.name) && isSearched(folder, entry.name)) search(path);
    }
  };
  for (const folder of PLACES) if (existsSync(join(root, folder))) search(folder);
  return found.sort();
}

const isSearched = (folder: string, name: string): boolean => SEARCHED_SUBFOLDERS[folder]?.includes(name) ?? true;

/** A line of a file, from 1. */
export interface FeatureLine {
  readonly path: string;
  readonly line: number;
}

/**
 * The lines elsewhere that name one of these paths: those that import it or use what is imported of it, and the rows of
 * ARCHITECTURE.md.
 */
export function linesThatName(root: string, paths: readonly string[]): readonly FeatureLine[] {
  const belongs = (path: string) => paths.some((own) => path === own || path.startsWith(`${own}/`));
  const linesOf = (path: string, find: (text: string) => readonly number[]): readonly FeatureLine[] =>
    find(readFileSync(join(root, path), "utf8")).map((line) => ({ path, line }));
  const modules = globSync(`{${PROGRAM}}/**/*.{ts,mjs}`, { cwd: root }).filter((path) => !belongs(path));
  return [
    ...(existsSync(join(root, ARCHITECTURE)) ? linesOf(ARCHITECTURE, (text) => rowsOf(text, belongs)) : []),
    ...modules.sort().flatMap((path) => {
      const isOwn = (module: string) => belongs(posix.join(posix.dirname(path), module));
      return linesOf(path, (text) => linesOfImports(text, isOwn));
    }),
  ];
}

/** The rows of tables whose first cell is a path of the feature. */
function rowsOf(text: string, isOwn: (path: string) => boolean): readonly number[] {
  return text.split("\n").flatMap((line, index) => {
    const [, path] = /^\| `([^`]+)`/.exec(line) ?? [];
    return path !== undefined && isOwn(path.replace(/\/$/, "")) ? [index + 1] : [];
  });
}

/** `import NAMES from "MODULE"`, and other ways to name a module. */
const IMPORT = /\bimport\s+(?:type\s+)?(?<names>[^;"]*?)\s*from\s*"(?<module>\.[^"]*)"/g;
const OTHER_IMPORT = /\b(?:export\s[^;"]*?\sfrom|import\(?)\s*"(?<module>\.[^"]*)"/g;

function linesOfImports(text: string, isOwn: (module: string) => boolean): readonly number[] {
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length;
  const found = new Set<number>();
  for (const { 0: whole, index, groups = {} } of [...text.matchAll(IMPORT), ...text.matchAll(OTHER_IMPORT)]) {
    if (!isOwn(groups.module ?? "")) continue;
    for (let line = lineOf(index); line <= lineOf(index + whole.length); line += 1) found.add(line);
    for (const name of namesIn(groups.names ?? "")) {
      for (const use of text.matchAll(new RegExp(`\\b${name}\\b`, "g"))) found.add(lineOf(use.index));
    }
  }
  return [...found].sort((a, b) => a - b);
}

/** The names that an import makes: `a, type B, c as d` makes a, B and d. */
function namesIn(imported: string): readonly string[] {
  return imported
    .replaceAll(/[{}*]/g, "")
    .split(",")
    .flatMap((one) => /(\w+)\s*$/.exec(one)?.[1] ?? []);
}

/** The names in the list of features. */
function featureNames(root: string): readonly string[] {
  const text = readFileSync(join(root, FEATURES), "utf8");
  return [...text.matchAll(/\bname: "([a-z0-9-]+)"/g)].flatMap(([, name]) => name ?? []);
}

/** @throws UsageError with the features that there are */
export function assertFeature(root: string, name: string): void {
  const names = featureNames(root);
  if (names.includes(name)) return;
  throw new UsageError(`there is no feature "${name}" in ${FEATURES}. The features are ${names.join(", ")}.`);
}
