import { createHash, randomBytes } from "node:crypto";

/** The key of a new private room: 128 random bits. */
export function privateKey(): string {
  return `~${randomBytes(16).toString("base64url")}`;
}

/** The key of the one room of two users; the same in either order. */
export function directKey(one: string, other: string): string {
  const pair = [one, other].sort().join("\n");
  return `~${createHash("sha256").update(`direct\n${pair}`).digest("base64url").slice(0, 22)}`;
}

/**
 * The text by which public rooms are sorted and found, for a name or the start of one: its UTF-8 in hexadecimal digits,
 * which every collation of both databases sorts in the same way.
 */
export function browseKey(name: string): string {
  return Buffer.from(name, "utf8").toString("hex");
}
