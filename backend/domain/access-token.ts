import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import jwt from "jsonwebtoken";
import { type PublicJwk, ROLES, type Role } from "../surface/accounts.ts";

export type { PublicJwk } from "../surface/accounts.ts";

/** Who a verified access token speaks for. */
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
/** RFC 9068 2.1: tells an access token from every other JWT. */
const TYPE = "at+jwt";
/** Longer than any token of ours; longer input is refused before it is parsed. */
const TOKEN_MAX = 2048;
/** Three base64url parts, the last one 64 bytes: on a signature of another length jsonwebtoken throws a plain TypeError. */
const TOKEN_FORM = /^[\w-]+\.[\w-]+\.[\w-]{86}$/;

/** A pair of P-256 keys; `kid` is the RFC 7638 thumbprint of the public one. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
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
  return { kid: publicJwk(publicKey).kid, privateKey, publicKey };
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

export interface TokenScope {
  readonly issuer: string;
  readonly audience: string;
}

/** Signs an access token. `now` in milliseconds since 1970. */
export function signAccessToken(
  claims: { readonly id: string; readonly roles: readonly Role[]; readonly sid: string; readonly jti: string },
  scope: TokenScope,
  key: SigningKey,
  now: number,
): { token: string; expiresAt: number } {
  const iat = Math.floor(now / 1000);
  const exp = iat + ACCESS_TOKEN_SECONDS;
  const payload = { sub: claims.id, sid: claims.sid, jti: claims.jti, roles: claims.roles, iat, exp };
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
 * Verifies an access token: exactly our algorithm, type, issuer, audience and claims, signed by one of `keys` and not expired.
 * Undefined for everything else; why is nobody's business.
 */
export function verifyAccessToken(
  token: string,
  scope: TokenScope,
  keys: ReadonlyMap<string, KeyObject>,
  now: number,
): TokenIdentity | undefined {
  const kid = keyIdOf(token);
  const key = kid === undefined ? undefined : keys.get(kid);
  if (!key) return undefined;
  try {
    const payload = jwt.verify(token, key, {
      algorithms: [ALGORITHM],
      issuer: scope.issuer,
      audience: scope.audience,
      clockTimestamp: Math.floor(now / 1000),
    });
    return typeof payload === "string" ? undefined : identity(payload);
  } catch (error) {
    if (error instanceof jwt.JsonWebTokenError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The `kid` of a token whose form, algorithm and type are ours; undefined for any other text. Its signature is not looked at yet. */
function keyIdOf(token: string): string | undefined {
  if (token.length > TOKEN_MAX || !TOKEN_FORM.test(token)) return undefined;
  try {
    const header = jwt.decode(token, { complete: true })?.header;
    return header?.alg === ALGORITHM && header.typ === TYPE && typeof header.kid === "string" ? header.kid : undefined;
  } catch {
    return undefined; // jsonwebtoken throws what JSON.parse throws on a broken payload
  }
}

/** A token of ours has these claims, all of them and no other. */
const CLAIMS = ["iss", "aud", "sub", "sid", "jti", "roles", "iat", "exp"];

function identity(claims: jwt.JwtPayload): TokenIdentity | undefined {
  const names = Object.keys(claims);
  if (names.length !== CLAIMS.length || !CLAIMS.every((name) => names.includes(name))) return undefined;
  const { sub, sid, jti, roles, iat, exp } = claims;
  const texts = [sub, sid, jti].every((claim) => typeof claim === "string" && claim.length > 0);
  if (!texts || typeof iat !== "number" || typeof exp !== "number" || !Array.isArray(roles)) return undefined;
  if (exp - iat > ACCESS_TOKEN_SECONDS || !roles.every(isRole)) return undefined;
  return { id: String(sub), sid: String(sid), roles, expiresAt: exp * 1000 };
}

function isRole(value: unknown): value is Role {
  return ROLES.some((role) => role === value);
}

/** All roles that a role includes: its own and the ones below it. */
export function rolesUpTo(role: Role): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(role) + 1);
}
