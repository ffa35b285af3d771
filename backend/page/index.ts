import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { type Asset, contentHash } from "../gateway/index.ts";

const folder = new URL(".", import.meta.url);

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/**
 * Loads the page: every file of `assets` in the surface, by its path. Its modules and what they import become one file,
 * and the page names its files by what is in them: a first visit asks for four files, the next one whether the page has
 * changed. Throws where the page's source is wrong.
 */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const read = (name: string) => readFile(new URL(name, folder));
  const files = new Map<string, Asset>();
  for (const [name, body] of [...bundles(), ["favicon.svg", await read("favicon.svg")] as const]) {
    files.set(`/${name}`, { contentType: CONTENT_TYPES[extname(name)] ?? "", body, version: contentHash(body) });
  }
  const html = (await read("index.html")).toString().replace(/(?<=\s(?:href|src)=")[^"]+/g, (path) => {
    const version = files.get(path)?.version;
    return version === undefined ? path : `${path}?v=${version}`;
  });
  return new Map([["/", { contentType: "text/html; charset=utf-8", body: Buffer.from(html) }], ...files]);
}

/**
 * The page's program and its style, by name. The program's names stay as they are, so that the stack of an error can be
 * read.
 */
function bundles(): (readonly [name: string, body: Buffer])[] {
  const { outputFiles } = buildSync({
    absWorkingDir: fileURLToPath(folder),
    entryPoints: ["app.css", "app.ts"],
    outdir: ".",
    write: false,
    bundle: true,
    format: "esm",
    platform: "browser",
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "silent", // what is wrong is thrown
  });
  return outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)]);
}
