import { Errors } from "moleculer";
import type { Mismatch } from "../surface/validator.ts";
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

/** Details of a refusal: the wrong parameter, and the seconds to wait. */
export interface Refusal {
  readonly field?: string;
  readonly retryAfter?: number;
}

/** A refusal that is sent to the client. In place of any other error the client gets `INTERNAL`. */
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

/** The error for a parameter that does not fit, in the form of Moleculer's own validator. */
export function parameterError(mismatch: Mismatch): Error {
  return new Errors.ValidationError("a parameter is not allowed", "VALIDATION", [mismatch] as never);
}

const FIELD = /^[A-Za-z][A-Za-z0-9]{0,63}(?:\.\w{1,64}|\[\d{1,9}\]){0,16}$/;
/** What a validator says about a value. Only such a text is sent on to a client when it comes from another node. */
const PHRASE = /^[\w .,:;"'-]{1,300}$/;

/**
 * The part of a thrown value that a client may see: a declared code, with the status and message of that code. Errors
 * of other nodes have lost their class, and have only name, type and data. Nothing else of an error is sent, since it
 * could be internal or secret.
 */
export function publicError(thrown: unknown): PublicError {
  if (!isRecord(thrown)) return errorForCode("INTERNAL");
  const { name, type, data } = thrown;
  if (name === "ClientError" && isCode(type)) return { ...errorForCode(type), ...refusalOf(data) };
  if (name === "ValidationError" && Array.isArray(data)) return validationError(data[0]);
  // a missing service, a full queue, a call that has timed out, a database that does not work
  if (typeof name === "string" && UNAVAILABLE.has(name)) return { ...errorForCode("UNAVAILABLE"), retryAfter: 1 };
  return errorForCode("INTERNAL");
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

function errorForCode(code: Code): PublicError {
  const [status, message] = CODES[code];
  return { status, code, message };
}

/** Says what was expected and what kind of value was given instead. */
function validationError(mismatch: unknown): PublicError {
  const { status, code, message } = errorForCode("VALIDATION");
  const refusal = refusalOf(mismatch);
  if (!isRecord(mismatch)) return { status, code, message };
  const { expected, given } = mismatch;
  if (!isHarmlessPhrase(expected) || !isHarmlessPhrase(given)) return { status, code, message, ...refusal };
  const what = refusal.field ?? "The parameters";
  return { status, code, message: `${message} ${what}: expected ${expected}, but got ${given}.`, ...refusal };
}

function isHarmlessPhrase(text: unknown): text is string {
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
