/** A problem of the tunnel that the operator can mend; `message` says how. */
export class TunnelError extends Error {
  override readonly name = "TunnelError";
  readonly code: TunnelErrorCode;

  constructor(code: TunnelErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** What a TunnelError is about. */
export type TunnelErrorCode =
  /** The folder of the certificates cannot be read or written. */
  | "CERTIFICATES_UNUSABLE"
  /** The port of the tunnel or of the metrics cannot be opened. */
  | "LISTEN_FAILED"
  /** The connection that carried a stream ended before the response. */
  | "STREAM_LOST"
  /** HTTP/2 cannot carry the request as it is. */
  | "BAD_REQUEST"
  /** The connector sent something that is no response of the protocol. */
  | "BAD_RESPONSE"
  /** The connector refused a pushed configuration. */
  | "CONFIGURATION_REFUSED"
  /** The given value is not a tunnel token. */
  | "BAD_TOKEN"
  /** The edge does not accept the token. */
  | "UNAUTHORIZED"
  /** The edge cannot be reached. */
  | "EDGE_UNREACHABLE"
  /** The edge's certificate was not signed by the authority. */
  | "EDGE_UNTRUSTED"
  /** The edge refused the connection for another reason than the token. */
  | "REGISTRATION_FAILED"
  /** The connector was stopped before it was ready. */
  | "STOPPED";

/** The message of any thrown value, to be part of another message. */
export function reasonOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}

/** The code of a system error, such as `ENOENT`. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
