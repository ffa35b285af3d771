import { type PublicError, publicError } from "../../contract/index.ts";

/** What a client sees of a refusal: the same as in an HTTP body. */
export function visible({ code, message, field, retryAfter }: PublicError): object {
  return {
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  };
}

/** Socket.IO sends an error's message and data to the client whose handshake it refuses. */
export function handshakeError(thrown: unknown): Error {
  const error = publicError(thrown);
  return Object.assign(new Error(error.code), { data: visible(error) });
}
