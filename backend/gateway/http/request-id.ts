import { randomFillSync } from "node:crypto";

const LENGTH = 12;
const pool = Buffer.alloc(LENGTH * 512);
let used = pool.length;

/**
 * The name of a request in answers and logs: 96 random bits in hexadecimal, so that none tells of another. A UUID,
 * which is no more unique, costs a request as much as its limits.
 */
export function requestId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += LENGTH;
  return pool.toString("hex", used - LENGTH, used);
}
