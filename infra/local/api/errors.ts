/**
 * The API's errors, in the envelope of
 * https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls/#responses. A comment marks
 * numeric codes that are not known from a recorded response.
 */
import { absentPartOf } from "./absent.ts";

export interface ErrorItem {
  readonly code: number;
  readonly message: string;
  readonly source?: { readonly pointer: string } | { readonly parameter_value_index: number };
  readonly documentation_url?: string;
}

/** A response that is not a success: HTTP status, the envelope's errors, and headers to add. */
export class ApiError extends Error {
  readonly status: number;
  readonly errors: readonly ErrorItem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    errors: ErrorItem | readonly ErrorItem[],
    headers: Readonly<Record<string, string>> = {},
  ) {
    const items: readonly ErrorItem[] = "code" in errors ? [errors] : errors;
    super(items.map((item) => `${item.code} ${item.message}`).join("; "));
    this.status = status;
    this.errors = items;
    this.headers = headers;
  }
}

/** 400 with one error; the pointer is a JSON pointer into the request's body. */
export function invalid(code: number, message: string, pointer?: string): ApiError {
  return new ApiError(400, pointer === undefined ? { code, message } : { code, message, source: { pointer } });
}

/** 404 with the code and message of the object's product. */
export function notFound(code: number, message: string): ApiError {
  return new ApiError(404, { code, message });
}

/** 404 of a path that leads nowhere, or of an account or zone that is not the caller's. */
export function noRoute(path: string): ApiError {
  const part = absentPartOf(path);
  const hint = part === undefined ? "" : ` The API on localhost does not have ${part}.`;
  return notFound(7003, `Could not route to ${path}, perhaps your object identifier is invalid?${hint}`);
}

/** 409 that a client must not try again: without the header the provider retries for minutes. */
export function conflict(code: number, message: string): ApiError {
  return new ApiError(409, { code, message }, { "x-should-retry": "false" });
}

/** 400 of something the zone's plan does not include. */
export function notEntitled(message: string, pointer?: string): ApiError {
  return invalid(50002, message, pointer);
}
