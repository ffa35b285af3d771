import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, extname, join, resolve, sep } from "node:path";
import type { PartialMessage, Plugin } from "esbuild";
import { ROOT } from "./facts.ts";

/** A file that the program reads when it runs. */
export interface DataFile {
  /** Its place in the bundle. */
  readonly path: string;
  /** The absolute path of the file that is copied. */
  readonly source: string;
}

/** Files that another file replaces in a bundle. */
const REPLACEMENTS = new Map([
  ["backend/page/index.ts", "scripts/bundle-build/in-bundle/page.ts"],
  ["scripts/command-line/invocation.ts", "scripts/bundle-build/in-bundle/invocation.ts"],
]);
const replacementOf = new Map([...REPLACEMENTS].map(([file, by]) => [join(ROOT, file), join(ROOT, by)]));

const DATA_FILE = /\bnew URL\("([^"]+)", import\.meta\.url\)/g;
const REQUIRE = "createRequire(import.meta.url)";

/** Loads the project's own files, and adds to `data` what they read beside them when they run. */
export function projectSources(data: DataFile[]): Plugin {
  return {
    name: "project sources",
    setup(build) {
      data.push(...Object.values(importedFiles()));
      build.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const replacement = replacementOf.get(path);
        if (replacement)
          return { contents: await readFile(replacement, "utf8"), loader: "ts", resolveDir: dirname(replacement) };
        if (path.split(sep).includes("node_modules")) return undefined;
        const contents = await readFile(path, "utf8");
        const errors = mistakesIn(path, contents);
        for (const [, name = ""] of contents.matchAll(DATA_FILE)) {
          const file = { path: `program/${name}`, source: resolve(dirname(path), name) };
          const same = data.find((one) => one.path === file.path);
          if (same === undefined) data.push(file);
          else if (same.source !== file.source)
            errors.push(mistake(path, contents, name, sameNameProblem(same.source)));
        }
        return { contents, loader: "ts", errors };
      });
    },
  };
}

/** The files that `imports` of package.json names, by their name there. */
export function importedFiles(): Readonly<Record<string, DataFile>> {
  const { imports = {} }: { imports?: object } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const require = createRequire(join(ROOT, "package.json"));
  return Object.fromEntries(
    Object.keys(imports).map((name) => {
      const source = require.resolve(name);
      return [name, { path: `program/${name.slice(1)}${extname(source)}`, source }];
    }),
  );
}

/** Accesses of a file that would fail in a bundle, where files of the project and of packages are in other places. */
function mistakesIn(path: string, text: string): PartialMessage[] {
  const rest = text.replaceAll(DATA_FILE, (url, name: string) => (isBeside(name) ? "" : url)).replaceAll(REQUIRE, "");
  const found = [/\bimport\.meta\.\w+/.exec(rest)?.[0]];
  if (text.includes(REQUIRE)) found.push(/\brequire\("(?!node:|#)[^"]*"\)/.exec(rest)?.[0]);
  return found.filter((one) => one !== undefined).map((one) => mistake(path, text, one, `${one} ${ADVICE}`));
}

const ADVICE =
  'finds nothing in a bundle. Read a file beside the source with new URL("NAME", import.meta.url), and a file of a ' +
  "package by a name in `imports` of package.json.";

/** Whether it names a file in the same folder, or below it. */
const isBeside = (name: string) => !/^[./]|[\\:]|\.\.|\/$/.test(name);

function mistake(path: string, text: string, part: string, problem: string): PartialMessage {
  const line = text.slice(0, text.indexOf(part)).split("\n").length;
  return { text: problem, location: { file: path, line } };
}

const sameNameProblem = (other: string) =>
  `A bundle has these files in one folder, and ${other} has the same name. Rename one of them.`;
