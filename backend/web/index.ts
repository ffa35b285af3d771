import { readFile } from "node:fs/promises";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { dirname, join } from "node:path";

/** A file of the page, ready to be served. */
export interface LoadedAsset {
  readonly contentType: string;
  readonly body: Buffer;
}

const HTML = "text/html; charset=utf-8";
const CSS = "text/css; charset=utf-8";
const JS = "text/javascript; charset=utf-8";

const FILES: readonly (readonly [path: string, file: string, contentType: string])[] = [
  ["/", "index.html", HTML],
  ["/app.css", "app.css", CSS],
  ["/favicon.svg", "favicon.svg", "image/svg+xml"],
];
/** The page's modules: TypeScript, whose types are taken out here, when the server starts. */
const MODULES = [
  "account",
  "admin",
  "app",
  "client",
  "composer",
  "connection",
  "conversation",
  "deeds",
  "forms",
  "links",
  "members",
  "message-list",
  "outbox",
  "people",
  "reports",
  "requests",
  "room-list",
  "rooms",
  "session",
  "timeline",
  "view",
];

/** `from "./name.ts"`, which Node and the type checker follow, is `/name.js` for the browser. */
const MODULE_IMPORT = /(\bfrom "\.\/[a-z.-]+)\.ts"/g;

/** Loads the page: every file of `assets` in the surface, by its path. */
export async function loadAssets(): Promise<ReadonlyMap<string, LoadedAsset>> {
  const read = (file: string) => readFile(new URL(file, import.meta.url));
  const files = FILES.map(
    async ([path, file, contentType]) => [path, { contentType, body: await read(file) }] as const,
  );
  const modules = MODULES.map(async (name) => {
    const source = stripTypeScriptTypes((await read(`${name}.ts`)).toString());
    const body = Buffer.from(source.replace(MODULE_IMPORT, '$1.js"'));
    return [`/${name}.js`, { contentType: JS, body }] as const;
  });
  return new Map(await Promise.all([...files, ...modules, socketIo()]));
}

/** socket.io-client's own build for browsers, as a module. */
async function socketIo() {
  const folder = dirname(createRequire(import.meta.url).resolve("socket.io-client/package.json"));
  const source = (await readFile(join(folder, "dist/socket.io.esm.min.js"))).toString();
  const body = Buffer.from(source.replace(/^\/\/# sourceMappingURL=.*$/m, ""));
  return ["/socket.io.js", { contentType: JS, body }] as const;
}
