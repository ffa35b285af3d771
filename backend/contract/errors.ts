import { Errors } from "moleculer";

/** What a client gets to see of an error, over HTTP and over a socket alike. */
export interface PublicError {
  /** HTTP status; over a socket it is not sent. */
  readonly status: number;
  /** Stable code that clients may match. */
  readonly code: string;
  /** One sentence for people; never repeats what the client sent. */
  readonly message: string;
  /** The parameter that is wrong. */
  readonly field?: string;
  /** Seconds after which a retry makes sense (RFC 9110 10.2.3). */
  readonly retryAfter?: number;
}

/** Codes that the contract itself uses; services add their own through `ClientError`. */
export const CODES = {
  BAD_REQUEST: [400, "The request is malformed."],
  BAD_JSON: [400, "The body is not valid JSON in UTF-8."],
  UNAUTHORIZED: [401, "A valid access token is needed."],
  FORBIDDEN: [403, "This account may not do that."],
  ORIGIN: [403, "This origin is not allowed."],
  NOT_FOUND: [404, "There is nothing here."],
  TIMEOUT: [408, "The request took too long."],
  PAYLOAD_TOO_LARGE: [413, "The body is too large."],
  UNSUPPORTED_MEDIA_TYPE: [415, "The body must be application/json without a content coding."],
  VALIDATION: [422, "A parameter is missing or not allowed."],
  TOO_DEEP: [422, "The value is nested too deeply."],
  RATE_LIMITED: [429, "Too many requests."],
  HEADERS_TOO_LARGE: [431, "The header fields are too large."],
  INTERNAL: [500, "Something went wrong."],
  UNAVAILABLE: [503, "The service is not available at the moment."],
} as const satisfies Readonly<Record<string, readonly [status: number, message: string]>>;
export type Code = keyof typeof CODES;

/** More about a refusal: the parameter that is wrong, the seconds to wait. */
export interface Refusal {
  readonly field?: string;
  readonly retryAfter?: number;
}

/**
 * A refusal that a client may read as it stands: its status, code and message go out, so none of them may hold anything a client
 * sent or anything internal. Every other error becomes `INTERNAL`.
 */
export class ClientError extends Errors.MoleculerError {
  constructor(status: number, code: string, message: string, refusal: Refusal = {}) {
    super(message, status, code, refusal);
    this.name = "ClientError";
  }
}

/** One of the contract's own refusals. */
export function refuse(code: Code, refusal: Refusal = {}): ClientError {
  const [status, message] = CODES[code];
  return new ClientError(status, code, message, refusal);
}

const STATUS = new Set([400, 401, 403, 404, 408, 409, 410, 413, 415, 422, 423, 429, 431, 503]);
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
const FIELD = /^[A-Za-z][A-Za-z0-9]{0,63}$/;

/**
 * What may leave the process of any thrown value. Errors that crossed the network have lost their class and kept name, code, type
 * and data; nothing else of an error is trusted to be harmless.
 */
export function publicError(thrown: unknown): PublicError {
  if (!isRecord(thrown)) return known("INTERNAL");
  const { name, code, type, message, data } = thrown;
  if (name === "ClientError" && typeof code === "number" && STATUS.has(code) && typeof type === "string") {
    if (!CODE.test(type) || typeof message !== "string") return known("INTERNAL");
    return { status: code, code: type, message, ...refusalOf(data) };
  }
  if (name === "ValidationError" && Array.isArray(data)) return { ...known("VALIDATION"), ...refusalOf(data[0]) };
  // a service that is not there, a queue that is full, a call that timed out
  if (typeof name === "string" && UNAVAILABLE.has(name)) return { ...known("UNAVAILABLE"), retryAfter: 1 };
  return known("INTERNAL");
}

const UNAVAILABLE = new Set([
  "ServiceNotFoundError",
  "ServiceNotAvailableError",
  "RequestTimeoutError",
  "RequestSkippedError",
  "RequestRejectedError",
  "QueueIsFullError",
  "BrokerDisconnectedError",
]);

function known(code: Code): PublicError {
  const [status, message] = CODES[code];
  return { status, code, message };
}

function refusalOf(data: unknown): Refusal {
  if (!isRecord(data)) return {};
  const { field, retryAfter } = data;
  return {
    ...(typeof field === "string" && FIELD.test(field) ? { field } : {}),
    ...(typeof retryAfter === "number" && retryAfter >= 0 ? { retryAfter: Math.ceil(retryAfter) } : {}),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
