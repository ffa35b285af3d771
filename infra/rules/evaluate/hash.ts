import { printIp } from "../language/ip-address.ts";
import type { Value } from "./value.ts";

/**
 * A number from `low` to below `high`, the same for the same values and spread evenly. Cloudflare does not publish its
 * hash, so that only the distribution agrees, not which request gets which number.
 */
export function hashInRange(low: number, high: number, values: readonly Value[]): number {
  if (high <= low) return low;
  const written = values.map((value) => {
    const text = typeof value === "object" ? printIp(value as Parameters<typeof printIp>[0]) : String(value);
    return `${text.length}:${text}`;
  });
  return low + Math.floor((hash32(written.join("")) / 2 ** 32) * (high - low));
}

/** FNV-1a with the finalizer of MurmurHash3, so that short texts that differ by little are far apart. */
export function hash32(bytes: string, seed = 0x811c9dc5): number {
  let hash = seed;
  for (let at = 0; at < bytes.length; at += 1) hash = Math.imul(hash ^ bytes.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
