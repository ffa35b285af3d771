/** Ids and secrets of Access, in the forms that Cloudflare gives them. */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** An application's audience: 64 hex digits. */
export const newAudience = (): string => randomBytes(32).toString("hex");

/** 32 hex digits and `.access`. */
export const newClientId = (): string => `${randomBytes(16).toString("hex")}.access`;

/**
 * `cfast_`, 40 letters and digits (238 bits) and a checksum of 8 characters, the form since 2026-08-26
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/). Which
 * checksum it is, is not documented: here it is the CRC-32 of the 40 characters.
 */
export function newClientSecret(): string {
  const text = Array.from({ length: 40 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
  return `cfast_${text}${crc32(text).toString(16).padStart(8, "0")}`;
}

/** SHA-256 in hex. The secret has 238 random bits: a slow hash adds nothing. */
export const secretDigest = (secret: string): string => createHash("sha256").update(secret).digest("hex");
