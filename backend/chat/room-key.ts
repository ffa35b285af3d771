import { createHash, randomBytes } from "node:crypto";

/** The key of a new private room: 128 bits of chance. */
export function privateKey(): string {
  return `~${randomBytes(16).toString("base64url")}`;
}

/** The key of the one room of two users; the same in either order. */
export function directKey(one: string, other: string): string {
  const pair = [one, other].sort().join("\n");
  return `~${createHash("sha256").update(`direct\n${pair}`).digest("base64url").slice(0, 22)}`;
}

/**
 * A name, or the start of one, as public rooms are ordered and found: the hexadecimal form of its UTF-8, which sorts
 * alike in every collation of every database.
 */
export function browseKey(name: string): string {
  return Buffer.from(name, "utf8").toString("hex");
}
