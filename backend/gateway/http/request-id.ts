import { randomFillSync } from "node:crypto";

const LENGTH = 12;
const pool = Buffer.alloc(LENGTH * 512);
let used = pool.length;

/**
 * The id of a request in responses and logs: 96 random bits in hexadecimal, so that no id can be guessed from another.
 * A UUID is not more unique, and making one costs as much as checking the request's limits.
 */
export function requestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += LENGTH;
  return pool.toString("hex", used - LENGTH, used);
}
