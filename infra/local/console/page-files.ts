import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

/** A file of the console's page. */
export interface ConsoleFile {
  readonly type: string;
  readonly body: Buffer;
}

const FOLDER = new URL("./page/", import.meta.url);
const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
};

/** Builds the page: program and style become one file each. Throws where the page's source is wrong. */
export async function buildConsolePage(): Promise<ReadonlyMap<string, ConsoleFile>> {
  const { outputFiles } = buildSync({
    absWorkingDir: fileURLToPath(FOLDER),
    entryPoints: ["console.ts"],
    outdir: ".",
    write: false,
    bundle: true,
    format: "esm",
    platform: "browser",
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "silent", // what is wrong is thrown
  });
  const [html, icon] = await Promise.all(["console.html", "icon.svg"].map((name) => readFile(new URL(name, FOLDER))));
  if (!html || !icon) throw new Error("invariant: both files were read");
  return new Map([
    ["/", { type: "text/html; charset=utf-8", body: html }],
    ["/icon.svg", { type: "image/svg+xml", body: icon }],
    ...outputFiles.map(({ path, contents }): [string, ConsoleFile] => {
      return [`/${basename(path)}`, { type: TYPES[extname(path)] ?? "", body: Buffer.from(contents) }];
    }),
  ]);
}
