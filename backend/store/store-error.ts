import { DatabaseAway } from "./outage.ts";

/** A problem with the database or its folder; the message says what it is, and what to do. */
export class StoreError extends Error {
  override name = "StoreError";
  readonly code: "STORE_UNAVAILABLE" | "STORE_NEWER" | "STORE_MIGRATION" | "STORE_IN_USE" | "STORE_LOST";
  constructor(code: StoreError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The message of an error, or the text of anything else that was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.message !== "" ? thrown.message : String(thrown);
}

/** SQLITE_IOERR and SQLITE_FULL (https://sqlite.org/rescode.html): the errors of a full disk. */
const FULL_CODES: readonly number[] = [10, 13];

/** What to do about a failed write, for the end of a message; empty when the disk was not full. */
export function adviceFor(thrown: unknown): string {
  const { errcode, code } = (thrown instanceof DatabaseAway ? thrown.cause : thrown) as Record<string, unknown>;
  const isFull = code === "ENOSPC" || (typeof errcode === "number" && FULL_CODES.includes(errcode % 256));
  return isFull ? " The database needs free space: make some, then start again." : "";
}
