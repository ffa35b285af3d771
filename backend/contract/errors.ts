import { Errors } from "moleculer";
import { CODES, type Code } from "../surface.ts";

export { CODES, type Code } from "../surface.ts";

/** What a client gets to see of an error, over HTTP and over a socket alike. */
export interface PublicError {
  /** HTTP status; over a socket it is not sent. */
  readonly status: number;
  /** Stable: clients may match it. */
  readonly code: Code;
  /** For people; never repeats what the client sent. */
  readonly message: string;
  /** The parameter that is wrong, or the place in it: `tags[2]`, `author.name`. */
  readonly field?: string;
  /** Seconds after which a retry makes sense (RFC 9110 10.2.3). */
  readonly retryAfter?: number;
}

/** More about a refusal: the parameter that is wrong, the seconds to wait. */
export interface Refusal {
  readonly field?: string;
  readonly retryAfter?: number;
}

/** A refusal that a client gets to see. Every other error becomes `INTERNAL`. */
export class ClientError extends Errors.MoleculerError {
  constructor(code: Code, refusal: Refusal = {}) {
    const [status, message] = CODES[code];
    super(message, status, code, refusal);
    this.name = "ClientError";
  }
}

export function refuse(code: Code, refusal: Refusal = {}): ClientError {
  return new ClientError(code, refusal);
}

const FIELD = /^[A-Za-z][A-Za-z0-9]{0,63}(?:\.\w{1,64}|\[\d{1,9}\]){0,16}$/;
/** What a validator says of a value; never more than this of what another node has sent. */
const PHRASE = /^[\w .,:;"'-]{1,300}$/;

/**
 * What may leave the process of any thrown value: a code that is declared, and its own status and message. Errors that
 * crossed the network have lost their class and kept name, type and data; nothing else of an error is trusted to be
 * harmless.
 */
export function publicError(thrown: unknown): PublicError {
  if (!isRecord(thrown)) return known("INTERNAL");
  const { name, type, data } = thrown;
  if (name === "ClientError" && isCode(type)) return { ...known(type), ...refusalOf(data) };
  if (name === "ValidationError" && Array.isArray(data)) return invalid(data[0]);
  // a service that is not there, a queue that is full, a call that timed out, a database that does not work
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
  "DatabaseAway",
]);

function isCode(value: unknown): value is Code {
  return typeof value === "string" && Object.hasOwn(CODES, value);
}

function known(code: Code): PublicError {
  const [status, message] = CODES[code];
  return { status, code, message };
}

/** Says what was expected and what kind of value was given instead. */
function invalid(mismatch: unknown): PublicError {
  const { status, code, message } = known("VALIDATION");
  const refusal = refusalOf(mismatch);
  if (!isRecord(mismatch)) return { status, code, message };
  const { expected, given } = mismatch;
  if (!isPhrase(expected) || !isPhrase(given)) return { status, code, message, ...refusal };
  const what = refusal.field ?? "The parameters";
  return { status, code, message: `${message} ${what}: expected ${expected}, but got ${given}.`, ...refusal };
}

function isPhrase(text: unknown): text is string {
  return typeof text === "string" && PHRASE.test(text);
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
