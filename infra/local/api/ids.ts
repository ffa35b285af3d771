/** Ids and secrets in the forms that Cloudflare gives them. */
import { randomBytes } from "node:crypto";

/** 32 hex digits. */
export function newId(): string {
  return randomBytes(16).toString("hex");
}

/** 40 characters, as API tokens are; 238 bits. */
export function newTokenValue(): string {
  return randomBytes(30).toString("base64url");
}

/** Base64 of 32 bytes. */
export function newTunnelSecret(): string {
  return randomBytes(32).toString("base64");
}
