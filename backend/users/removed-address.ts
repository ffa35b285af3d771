import { randomUUID } from "node:crypto";

/**
 * The address that a removed account gets, with 122 random bits. No two accounts may have one address: if it were made
 * from the account's id, an attacker could register it before, and then the account could not be removed.
 */
export function removedAddress(): string {
  return `${randomUUID()}@removed.invalid`;
}
