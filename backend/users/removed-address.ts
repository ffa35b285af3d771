import { randomUUID } from "node:crypto";

/**
 * The replacement for the address of a removed account. The column is unique, so that it is made of 122 random
 * bits: an address that follows from the account's id could be registered by another user before, and then the account
 * could not be removed.
 */
export function removedAddress(): string {
  return `${randomUUID()}@removed.invalid`;
}
