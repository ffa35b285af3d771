/** Something is wrong with the place where the store keeps its data; the message says what, and what to do. */
export class StoreError extends Error {
  override name = "StoreError";
  readonly code: "STORE_UNAVAILABLE" | "STORE_NEWER" | "STORE_MIGRATION";
  constructor(code: StoreError["code"], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
