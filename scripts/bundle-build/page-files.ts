import { basename } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { buildPage } from "../../backend/page/index.ts";
import type { BundleFile } from "./bundle-file.ts";

/** An entry of `program/page/files.json`. */
export interface PageFile {
  /** The path of the URL. */
  readonly path: string;
  /** The name of the file beside files.json. */
  readonly file: string;
  readonly contentType: string;
  /** As in backend/gateway/http/assets.ts. */
  readonly version?: string;
}

const FOLDER = new URL("../../backend/page/", import.meta.url);

/** Builds the page. Returns its files and the absolute paths of its sources. Throws where a source is wrong. */
export async function pageFiles(): Promise<{ files: readonly BundleFile[]; sources: readonly string[] }> {
  const { assets, sources } = await buildPage();
  const named = [...assets].map(([path, asset]) => ({ path, file: basename(path) || "index.html", ...asset }));
  const list = named.map(({ body: _, ...file }): PageFile => file);
  return {
    files: [
      { path: "program/page/files.json", content: JSON.stringify(list) },
      ...named.map(({ file, body }) => ({ path: `program/page/${file}`, content: body })),
    ],
    sources: sources.map((source) => fileURLToPath(new URL(source, FOLDER))),
  };
}
