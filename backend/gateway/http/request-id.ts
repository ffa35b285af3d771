import { randomFillSync } from "node:crypto";

/** Characters of an id: two for each random byte. */
const ID_LENGTH = 24;
const pool = Buffer.alloc((ID_LENGTH / 2) * 512);
let hexIds = "";
let usedCharacters = 0;

/**
 * Makes the id of a request for responses and logs: 96 random bits in hexadecimal, so that no id can be guessed from
 * another one. The random bytes of 512 ids are made and encoded at once, because making each alone would cost as much
 * as checking the request's limits.
 */
export function requestId(): string {
  if (usedCharacters === hexIds.length) {
    hexIds = randomFillSync(pool).toString("hex");
    usedCharacters = 0;
  }
  usedCharacters += ID_LENGTH;
  return hexIds.slice(usedCharacters - ID_LENGTH, usedCharacters);
}
