import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  verify,
} from "node:crypto";
import jwt from "jsonwebtoken";
import { ROLES, type Role } from "../surface/roles.ts";
import type { PublicJwk } from "./shapes.ts";
import { isSealed, newTokenId, sealKey } from "./token-seal.ts";

export type { PublicJwk } from "./shapes.ts";

/** The user and session of a verified access token. */
export interface TokenIdentity {
  readonly id: string;
  readonly roles: readonly Role[];
  /** Session. */
  readonly sid: string;
  /** When the token ends, in milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Life of an access token in seconds. */
export const ACCESS_TOKEN_SECONDS = 600;

const ALGORITHM = "ES256";
/** RFC 9068 2.1: distinguishes an access token from every other JWT. */
const TYPE = "at+jwt";
/** Longer than any valid token; longer input is refused before it is parsed. */
const TOKEN_MAX = 2048;
/** Three base64url parts, the last one 64 bytes, of whose last letter two bits count (RFC 4648 3.5). */
const TOKEN_FORM = /^[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]$/;

/** A pair of P-256 keys; `kid` is the RFC 7638 thumbprint of the public one. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Seals the ids of the tokens that this key signs. */
  readonly sealKey: Buffer;
}

/** Makes a new private key, as PKCS #8 PEM. */
export function generateSigningKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** Reads a private key as `generateSigningKey` made it. */
export function signingKey(pem: string): SigningKey {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  return { kid: publicJwk(publicKey).kid, privateKey, publicKey, sealKey: sealKey(privateKey) };
}

/** The public half of a key, for the JWKS (RFC 7517). */
export function publicJwk(publicKey: KeyObject): PublicJwk {
  const { crv, x, y } = publicKey.export({ format: "jwk" });
  if (crv !== "P-256" || !x || !y) throw new Error("invariant: our signing keys are on P-256");
  // RFC 7638 3.2: the required members in alphabetical order, without blanks
  const kid = createHash("sha256")
    .update(JSON.stringify({ crv, kty: "EC", x, y }))
    .digest("base64url");
  return { kty: "EC", crv, x, y, kid, alg: ALGORITHM, use: "sig" };
}

/** The keys that may have signed a token, by `kid`. */
export type TokenKeys = ReadonlyMap<string, SigningKey>;

export interface TokenScope {
  readonly issuer: string;
  readonly audience: string;
}

/** Signs an access token. `now` in milliseconds since 1970. */
export function signAccessToken(
  claims: { readonly id: string; readonly roles: readonly Role[]; readonly sid: string },
  scope: TokenScope,
  key: SigningKey,
  now: number,
): { token: string; expiresAt: number } {
  const iat = Math.floor(now / 1000);
  const exp = iat + ACCESS_TOKEN_SECONDS;
  const sealed = { sub: claims.id, sid: claims.sid, roles: claims.roles, iat, exp };
  const payload = { ...sealed, jti: newTokenId(sealed, key.sealKey) };
  const token = jwt.sign(payload, key.privateKey, {
    algorithm: ALGORITHM,
    keyid: key.kid,
    issuer: scope.issuer,
    audience: scope.audience,
    header: { alg: ALGORITHM, typ: TYPE },
  });
  return { token, expiresAt: exp * 1000 };
}

/**
 * Verifies an access token: exactly our algorithm, type, issuer, audience and claims, signed by one of `keys` and not
 * expired. `now` in milliseconds since 1970. Returns undefined for every other token.
 *
 * The steps of RFC 7515 5.2 for the only kind of token that there is here: algorithm and key are fixed before the
 * token is read, each part is decoded once, and the claims are parsed only after the signature has passed. With
 * jsonwebtoken, which decodes a token twice and prepares the key each time, a client that comes back after a restart
 * costs a tenth more CPU.
 */
export function verifyAccessToken(
  token: string,
  scope: TokenScope,
  keys: TokenKeys,
  now: number,
): TokenIdentity | undefined {
  const parts = partsOf(token, keys);
  if (!parts) return undefined;
  const signed = Buffer.from(parts.signed, "latin1");
  const signature = Buffer.from(parts.signature, "base64url");
  // RFC 7518 3.4: R and S, 32 bytes each, not DER
  const key = { key: parts.key.publicKey, dsaEncoding: "ieee-p1363" } as const;
  if (!verify("sha256", signed, key, signature)) return undefined;
  const claims = parsed(parts.payload);
  return claims && identity(claims, scope, Math.floor(now / 1000));
}

/**
 * What an access token says whose claims carry our seal (`token-seal.ts`), by all conditions of `verifyAccessToken` but
 * one: the signature is not looked at. **The token is not verified by that.** Its text must be known to be one that was
 * issued, or `verifyAccessToken` must accept it too.
 */
export function readSealedToken(
  token: string,
  scope: TokenScope,
  keys: TokenKeys,
  now: number,
): TokenIdentity | undefined {
  const parts = partsOf(token, keys);
  const claims = parts && parsed(parts.payload);
  if (!claims || !isSealed(claims, parts.key.sealKey)) return undefined;
  return identity(claims, scope, Math.floor(now / 1000));
}

/** The parts of a token in our form, and the key that its header names; undefined for any other text. */
function partsOf(token: string, keys: TokenKeys) {
  if (token.length > TOKEN_MAX || !TOKEN_FORM.test(token)) return undefined;
  const headerEnd = token.indexOf(".");
  const signedEnd = token.lastIndexOf(".");
  const kid = keyIdOf(token.slice(0, headerEnd));
  const key = kid === undefined ? undefined : keys.get(kid);
  if (!key) return undefined;
  const payload = token.slice(headerEnd + 1, signedEnd);
  return { key, payload, signed: token.slice(0, signedEnd), signature: token.slice(signedEnd + 1) };
}

/** The `kid` of a header with our algorithm and type and nothing else; undefined for any other. */
function keyIdOf(segment: string): string | undefined {
  const { alg, typ, kid, ...others } = parsed(segment) ?? {};
  const isOurs = alg === ALGORITHM && typ === TYPE && Object.keys(others).length === 0;
  return isOurs && typeof kid === "string" ? kid : undefined;
}

/** The JSON object in a part of a token; undefined for any other text. */
function parsed(segment: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(segment, "base64url").toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A valid token has these claims, all of them and no other. */
const CLAIMS = ["iss", "aud", "sub", "sid", "jti", "roles", "iat", "exp"];

/** The user and session in the claims of a token that is valid otherwise; `now` in seconds since 1970. */
function identity(
  claims: Readonly<Record<string, unknown>>,
  { issuer, audience }: TokenScope,
  now: number,
): TokenIdentity | undefined {
  const names = Object.keys(claims);
  if (names.length !== CLAIMS.length || !CLAIMS.every((name) => names.includes(name))) return undefined;
  const { iss, aud, sub, sid, jti, roles, iat, exp } = claims;
  if (iss !== issuer || aud !== audience || !isText(sub) || !isText(sid) || !isText(jti)) return undefined;
  if (typeof iat !== "number" || typeof exp !== "number" || !Array.isArray(roles)) return undefined;
  if (exp <= now || exp - iat > ACCESS_TOKEN_SECONDS || !roles.every(isRole)) return undefined;
  return { id: sub, sid, roles, expiresAt: exp * 1000 };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length > 0;
}

function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}
