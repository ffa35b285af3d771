import { toBytes } from "./bytes.ts";
import type { SizeLimit } from "./schema/limits.ts";

/**
 * The size of a text in the unit of a limit. A text that fits in UTF-16 code units fits in characters, and is not
 * counted.
 */
export function sizeOf(text: string, { most, unit }: SizeLimit): number {
  if (unit === "bytes") return toBytes(text).length;
  if (text.length <= most) return text.length;
  let size = 0;
  for (const _ of text) size += 1;
  return size;
}
