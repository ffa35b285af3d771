/** A problem of the edge that the user of the program can do something about; `message` says what. */
export class EdgeError extends Error {
  override readonly name = "EdgeError";
  readonly code: "PORT_IN_USE" | "LISTEN_FAILED";

  constructor(code: EdgeError["code"], message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
