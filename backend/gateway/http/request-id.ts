import { randomFillSync } from "node:crypto";

/** Characters of an id: two for each random byte. */
const LENGTH = 24;
const pool = Buffer.alloc((LENGTH / 2) * 512);
let ids = "";
let used = 0;

/**
 * Makes the id of a request for responses and logs: 96 random bits in hexadecimal, so that no id can be guessed from
 * another one. The random bytes of 512 ids are made and encoded at once, because making each alone would cost as much
 * as checking the request's limits.
 */
export function requestId(): string {
  if (used === ids.length) {
    ids = randomFillSync(pool).toString("hex");
    used = 0;
  }
  used += LENGTH;
  return ids.slice(used - LENGTH, used);
}
