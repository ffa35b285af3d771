/** Something is wrong with the place where the store keeps its data; the message says what, and what to do. */
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
