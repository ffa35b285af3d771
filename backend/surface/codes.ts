/** By code: the HTTP status, and a sentence for people. */
export type RefusalCodes = Readonly<Record<string, readonly [status: number, message: string]>>;

/** Codes of refusals that the gateway and all features use. Codes of one feature are in its own surface. */
export const GENERAL_CODES = {
  BAD_REQUEST: [400, "The request is malformed."],
  BAD_JSON: [400, "The body is not valid JSON in UTF-8."],
  UNAUTHORIZED: [401, "A valid access token is needed."],
  FORBIDDEN: [403, "This account may not do that."],
  ASSERTION: [403, "This is only reached through the hostname that Cloudflare Access protects."],
  SIGNATURE: [403, "The signature is missing, wrong, too old, or was used before."],
  ORIGIN: [403, "This origin is not allowed."],
  NOT_FOUND: [404, "There is nothing here."],
  TIMEOUT: [408, "The request took too long."],
  PAYLOAD_TOO_LARGE: [413, "The body is too large."],
  UNSUPPORTED_MEDIA_TYPE: [415, "The body has a media type that is not taken here, or a content coding."],
  VALIDATION: [422, "A parameter is missing or not allowed."],
  TOO_DEEP: [422, "The value is nested too deeply."],
  RATE_LIMITED: [429, "Too many requests."],
  HEADERS_TOO_LARGE: [431, "The header fields are too large."],
  INTERNAL: [500, "Something went wrong."],
  UNAVAILABLE: [503, "The service is not available at the moment."],

  NAME_NOT_UNICODE: [422, "The name is not well-formed Unicode."],
  NAME_CONTROL: [422, "The name contains characters that cannot be shown."],
  NAME_EMPTY: [422, "The name is empty."],
  NAME_LONG: [422, "The name is longer than 64 characters."],
  NAME_MIXED: [422, "A word of the name mixes scripts, or is in one that is no longer in use: choose another."],
  NAME_RESERVED: [422, "This name is reserved, or looks like one that is: choose another."],

  TEXT_NOT_UNICODE: [422, "The text is not well-formed Unicode."],
  TEXT_CONTROL: [422, "The text contains control characters."],
  TEXT_MARKS: [422, "The text has more than 30 combining marks in a row."],
  TEXT_EMPTY: [422, "The text is empty."],
  TEXT_LONG: [422, "The text is longer than 4000 characters."],
} as const satisfies RefusalCodes;
