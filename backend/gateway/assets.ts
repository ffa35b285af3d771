import { createHash } from "node:crypto";
import { assets } from "../surface.ts";
import { pageHeaders } from "./headers.ts";

/** A file of the page as it was loaded. */
export interface Asset {
  readonly contentType: string;
  readonly body: Buffer;
}

/** A file of the page as it is served. */
export interface ServedAsset {
  readonly body: Buffer;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes the page's files ready to be served from memory. Throws when they are not exactly those that the surface lists. */
export function serveAssets(loaded: ReadonlyMap<string, Asset>): ReadonlyMap<string, ServedAsset> {
  const missing = assets.filter((path) => !loaded.has(path));
  const extra = [...loaded.keys()].filter((path) => !assets.some((listed) => listed === path));
  if (missing.length > 0 || extra.length > 0) {
    throw new Error(
      `The page and the surface differ: missing ${missing.join(", ") || "none"}, extra ${extra.join(", ") || "none"}.`,
    );
  }
  return new Map(
    [...loaded].map(([path, { contentType, body }]) => {
      const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
      const headers = { ...pageHeaders, "content-type": contentType, "content-length": String(body.length), etag };
      return [path, { body, etag, headers }];
    }),
  );
}

/** Whether the client has this version already (RFC 9110 13.1.2, weak comparison). */
export function isFresh(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}
