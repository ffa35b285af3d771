import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";

/*
 * A refresh token is 256 secret bits, the id of its session and a seal: `SESSION.SECRET.SEAL`. The first secret is
 * random, each successor is the HMAC of the one before, so that a retry gets the same successor although only hashes
 * are stored. The seal proves that we issued it: a sealed token that is neither the current one nor its predecessor is
 * an old one, used again, without the store having to remember every token; an unsealed one was not issued by us and
 * ends no session.
 */

export interface RefreshKey {
  readonly chain: Buffer;
  readonly seal: Buffer;
}

export interface RefreshToken {
  readonly sid: string;
  /** What the client keeps. */
  readonly token: string;
  /** What the store keeps: SHA-256 of the token, base64url. */
  readonly hash: string;
}

const SECRET_BYTES = 32;
const FORM = /^([A-Za-z0-9-]{1,64})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

/** Derives both keys from the server's refresh secret (32 random bytes) by HKDF (RFC 5869). */
export function refreshKey(secret: Buffer): RefreshKey {
  const derive = (info: string) => Buffer.from(hkdfSync("sha256", secret, Buffer.alloc(0), info, 32));
  return { chain: derive("causeway refresh chain"), seal: derive("causeway refresh seal") };
}

/** The first refresh token of a session. */
export function firstRefreshToken(sid: string, key: RefreshKey): RefreshToken {
  return compose(sid, randomBytes(SECRET_BYTES), key);
}

/** The one token that follows. */
export function successor(of: RefreshToken, key: RefreshKey): RefreshToken {
  return compose(of.sid, createHmac("sha256", key.chain).update(of.token).digest(), key);
}

/** Reads a token that we issued for some session at some time; undefined for anything else. */
export function readRefreshToken(token: string, key: RefreshKey): RefreshToken | undefined {
  const [, sid, secret, seal] = FORM.exec(token) ?? [];
  if (!sid || !secret || !seal) return undefined;
  // 43 base64url characters hold 258 bits: only the canonical spelling is accepted
  if (Buffer.from(seal, "base64url").toString("base64url") !== seal) return undefined;
  if (!timingSafeEqual(Buffer.from(seal, "base64url"), sealOf(sid, secret, key))) return undefined;
  return { sid, token, hash: hashOf(token) };
}

function compose(sid: string, secret: Buffer, key: RefreshKey): RefreshToken {
  const text = secret.toString("base64url");
  const token = `${sid}.${text}.${sealOf(sid, text, key).toString("base64url")}`;
  return { sid, token, hash: hashOf(token) };
}

function sealOf(sid: string, secret: string, key: RefreshKey): Buffer {
  return createHmac("sha256", key.seal).update(`${sid}.${secret}`).digest();
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
