import { DatabaseAway } from "./outage.ts";

/** A problem with the place where the store keeps its data; the message has what it is, and what to do. */
export class StoreError extends Error {
  override name = "StoreError";
  readonly code: "STORE_UNAVAILABLE" | "STORE_NEWER" | "STORE_MIGRATION" | "STORE_IN_USE" | "STORE_LOST";
  constructor(code: StoreError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The message of whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.message !== "" ? thrown.message : String(thrown);
}

/** SQLITE_IOERR and SQLITE_FULL (https://sqlite.org/rescode.html): what a full disk gives. */
const FULL_CODES: readonly number[] = [10, 13];

/** What to do about a failed write, for the end of a message; empty when the disk was not full. */
export function adviceFor(thrown: unknown): string {
  const { errcode, code } = (thrown instanceof DatabaseAway ? thrown.cause : thrown) as Record<string, unknown>;
  const isFull = code === "ENOSPC" || (typeof errcode === "number" && FULL_CODES.includes(errcode % 256));
  return isFull ? " The database needs free space: make some, then start again." : "";
}
