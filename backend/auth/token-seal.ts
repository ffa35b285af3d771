import { createHmac, hkdfSync, type KeyObject, randomBytes, timingSafeEqual } from "node:crypto";

/*
 * The id (`jti`) of an access token ends with a seal: an HMAC of its claims under a key that only the nodes of this
 * site have. It costs a tenth of a signature to check. It does not make a token valid, because it says nothing about
 * the token's signature: it says that this site has issued a token with these claims, and so decides who may make a
 * node ask the store before the signature was verified.
 */

const RANDOM_BYTES = 8;
/** RFC 2104 5: half of the HMAC, and no less than 80 bits. */
const SEAL_BYTES = 16;
const TOKEN_ID = /^[\w-]{32}$/;

/** A token's claims as they are in its JSON. */
type Claims = Readonly<Record<string, unknown>>;

/** Derives the key of seals from a signing key by HKDF (RFC 5869): it is rotated with it. */
export function sealKey(privateKey: KeyObject): Buffer {
  const { d } = privateKey.export({ format: "jwk" });
  if (!d) throw new Error("invariant: our signing keys are private keys");
  return Buffer.from(hkdfSync("sha256", Buffer.from(d, "base64url"), "", "causeway access token seal", 32));
}

/** A new id for a token with these claims: 64 random bits and the seal. */
export function newTokenId(claims: Claims, key: Buffer): string {
  const random = randomBytes(RANDOM_BYTES);
  return Buffer.concat([random, sealOf(claims, random, key)]).toString("base64url");
}

/** Whether the claims have an id that was made for them under this key. */
export function isSealed(claims: Claims, key: Buffer): boolean {
  const { jti } = claims;
  if (typeof jti !== "string" || !TOKEN_ID.test(jti)) return false;
  const id = Buffer.from(jti, "base64url");
  return timingSafeEqual(id.subarray(RANDOM_BYTES), sealOf(claims, id.subarray(0, RANDOM_BYTES), key));
}

function sealOf({ sub, sid, roles, iat, exp }: Claims, random: Buffer, key: Buffer): Buffer {
  const sealed = createHmac("sha256", key)
    .update(random)
    .update(JSON.stringify([sub, sid, roles, iat, exp]));
  return sealed.digest().subarray(0, SEAL_BYTES);
}
