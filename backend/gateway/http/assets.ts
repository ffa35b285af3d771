import { createHash } from "node:crypto";
import { assets } from "../../surface.ts";
import { lastingHeaders, pageHeaders, pageHeadersWith } from "./headers.ts";

/** A file of the page, loaded into memory. */
export interface Asset {
  readonly contentType: string;
  readonly body: Buffer;
  /** Its `contentHash`, where pages request it with `?v=`: the content of such an address never changes. */
  readonly version?: string;
  /** Another address than the site's own to which the page may connect. */
  readonly connectsTo?: string;
}

/** A file of the page, ready to be served. */
export interface ServedAsset {
  readonly body: Buffer;
  readonly etag: string;
  /** The headers for a request with this query: cached for a year where it has the version's hash, else revalidated. */
  headers(query: string): Readonly<Record<string, string>>;
}

/** A hash of a file's content, in 22 characters. */
export function contentHash(body: Buffer): string {
  return createHash("sha256").update(body).digest("base64url").slice(0, 22);
}

/**
 * Makes the page's files ready to be served from memory. Throws when they are not exactly those that the surface lists.
 */
export function serveAssets(loaded: ReadonlyMap<string, Asset>): ReadonlyMap<string, ServedAsset> {
  const missing = assets.filter((path) => !loaded.has(path));
  const extra = [...loaded.keys()].filter((path) => !assets.some((listed) => listed === path));
  if (missing.length > 0 || extra.length > 0) {
    throw new Error(
      `The page and the surface differ: missing ${missing.join(", ") || "none"}, extra ${extra.join(", ") || "none"}.`,
    );
  }
  return new Map(
    [...loaded].map(([path, { contentType, body, version, connectsTo }]) => {
      const etag = `"${contentHash(body)}"`;
      const common = connectsTo === undefined ? pageHeaders : pageHeadersWith(connectsTo);
      const fresh = { ...common, "content-type": contentType, "content-length": String(body.length), etag };
      const lasting = { ...fresh, ...lastingHeaders };
      const headers = (query: string) => (version !== undefined && query === `v=${version}` ? lasting : fresh);
      return [path, { body, etag, headers }];
    }),
  );
}

/** Whether the client has this version already (RFC 9110 13.1.2, weak comparison). */
export function isFresh(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}
