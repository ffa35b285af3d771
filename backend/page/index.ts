import { readdir, readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { type Asset, contentHash } from "../gateway/index.ts";
import { placeParts } from "./place-parts.ts";

const folder = new URL(".", import.meta.url);

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The page, and what it was built from. */
interface BuiltPage {
  /** Every file of `assets` in the surface, by its path. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** Paths of the source files of program and style, relative to this folder. */
  readonly sources: readonly string[];
}

/**
 * Builds the page and returns its files. Throws where the page's source is wrong.
 *
 * @param versionsUrl where `npm run dev` sends the page's version, so that the page reloads when it is another one
 */
export async function loadAssets(versionsUrl?: string): Promise<ReadonlyMap<string, Asset>> {
  return (await buildPage(versionsUrl)).assets;
}

/**
 * Builds the page: modules and styles become one file each, and the page names its files by a hash of their contents,
 * so that a first visit makes four requests and the next one makes one. Throws where the page's source is wrong.
 */
export async function buildPage(versionsUrl?: string): Promise<BuiltPage> {
  const read = (name: string) => readFile(new URL(name, folder));
  const files = new Map<string, Asset>();
  const { outputs, sources } = bundle(versionsUrl);
  for (const [name, body] of [...outputs, ["favicon.svg", await read("favicon.svg")] as const]) {
    files.set(`/${name}`, { contentType: CONTENT_TYPES[extname(name)] ?? "", body, version: contentHash(body) });
  }
  const parts = sources.flatMap((path) => /^(\w[\w-]*)\/index\.ts$/.exec(path)?.[1] ?? []);
  const source = placeParts((await read("index.html")).toString(), await partFiles(parts));
  const html = source.replace(/(?<=\s(?:href|src)=")[^"]+/g, (path) => {
    const version = files.get(path)?.version;
    return version === undefined ? path : `${path}?v=${version}`;
  });
  const body = Buffer.from(html);
  const page = { contentType: "text/html; charset=utf-8", body, ...(versionsUrl && { connectsTo: versionsUrl }) };
  return { assets: new Map([["/", page], ...files]), sources };
}

interface Bundle {
  /** The page's program and its style, by name. */
  readonly outputs: readonly (readonly [name: string, body: Buffer])[];
  readonly sources: readonly string[];
}

/** Bundles the page. The names in the program stay as they are, so that the stack of an error can be read. */
function bundle(versionsUrl: string | undefined): Bundle {
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: fileURLToPath(folder),
    entryPoints: ["app.ts"],
    ...(versionsUrl && {
      inject: ["follow-versions.ts"],
      define: { PAGE_VERSIONS_URL: JSON.stringify(versionsUrl) },
    }),
    outdir: ".",
    write: false,
    bundle: true,
    metafile: true,
    format: "esm",
    platform: "browser",
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "silent", // what is wrong is thrown
  });
  return {
    outputs: outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)]),
    sources: Object.keys(metafile.inputs),
  };
}

/** The HTML of the parts, by the name of its place. */
async function partFiles(parts: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>();
  for (const part of parts) {
    for (const name of (await readdir(new URL(part, folder))).sort()) {
      if (extname(name) !== ".html") continue;
      const place = basename(name, ".html");
      const html = await readFile(new URL(`${part}/${name}`, folder), "utf8");
      places.set(place, `${places.get(place) ?? ""}${html}`);
    }
  }
  return places;
}
