import { readFileSync } from "node:fs";
import type { PageFile } from "../page-files.ts";

/** Reads the page, which was built with the bundle. It takes the place of backend/page/index.ts. */
export const loadAssets: typeof import("../../../backend/page/index.ts").loadAssets = async () => {
  const folder = new URL("page/", import.meta.url);
  const files: readonly PageFile[] = JSON.parse(readFileSync(new URL("files.json", folder), "utf8"));
  return new Map(
    files.map(({ path, file, ...asset }) => [path, { ...asset, body: readFileSync(new URL(file, folder)) }]),
  );
};
