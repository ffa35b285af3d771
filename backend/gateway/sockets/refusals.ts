import { type PublicError, publicError } from "../../contract/index.ts";

/** The members of a refusal that a client gets: the same as in an HTTP body, and `retryAfter`. */
export function refusalFor({ code, message, field, retryAfter }: PublicError): object {
  return {
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

/** The refusal of a handshake. Socket.IO sends the error's message and data to the client. */
export function handshakeError(thrown: unknown): Error {
  const error = publicError(thrown);
  return Object.assign(new Error(error.code), { data: refusalFor(error) });
}
