/**
 * Reads a request's JSON body within limits. A body that is larger, nested deeper or has more values than the API needs
 * is refused before it is parsed.
 */
import type { IncomingMessage } from "node:http";
import { ApiError, invalid } from "../errors.ts";

/** Bytes. A ruleset of 1,000 rules with expressions of 4,096 characters needs about 4 MB. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Bytes of all bodies that are being read at a time. */
const MAX_READING_BYTES = 4 * MAX_BODY_BYTES;
/** Levels of nesting; the deepest body of the API's own has about ten. */
const MAX_DEPTH = 32;
/**
 * Values at every depth. A parsed value takes up to 60 bytes for two in the text; 1,000 rules have about 30,000
 * values.
 */
const MAX_VALUES = 100_000;

/** A body and the text that it was parsed from. */
export interface JsonBody {
  readonly text: string;
  readonly value: unknown;
}

/** Whether the request has a body, by its headers. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/**
 * @returns what reads one body after the other, within one limit for all that are read at a time; undefined for an
 * empty body.
 */
export function createBodyReader(): (request: IncomingMessage) => Promise<JsonBody | undefined> {
  let bytesInReading = 0;
  return async (request) => {
    if (Number(request.headers["content-length"] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      // a request that is refused halfway keeps its socket, or the refusal could not be sent
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        size += chunk.length;
        bytesInReading += chunk.length;
        if (size > MAX_BODY_BYTES) throw tooLarge();
        if (bytesInReading > MAX_READING_BYTES) {
          throw new ApiError(
            503,
            {
              code: 10503,
              message: `More than ${MAX_READING_BYTES} bytes of request bodies are being read: try again`,
            },
            { "retry-after": "1" },
          );
        }
        chunks.push(chunk);
      }
      return size === 0 ? undefined : parseJson(Buffer.concat(chunks));
    } finally {
      bytesInReading -= size;
    }
  };
}

/** The numeric code is ours. */
function tooLarge(): ApiError {
  return new ApiError(413, { code: 10413, message: `The request body is larger than ${MAX_BODY_BYTES} bytes` });
}

/**
 * Parses UTF-8 JSON; 400 code 6007 for what is not JSON, is nested too deeply, has too many values, or names
 * `__proto__`.
 */
function parseJson(bytes: Buffer): JsonBody {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw malformed("it is not UTF-8");
  }
  const { depth, values } = measureJson(text);
  if (depth > MAX_DEPTH) throw malformed(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (values > MAX_VALUES) throw malformed(`it has more than ${MAX_VALUES} values`);
  try {
    const value: unknown = JSON.parse(text, (key, member) => {
      if (key === "__proto__") throw new SyntaxError("a key is named __proto__");
      return member;
    });
    return { text, value };
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : "unknown reason");
  }
}

function malformed(reason: string): ApiError {
  return invalid(6007, `Malformed JSON in request body: ${reason.slice(0, 200)}`);
}

/**
 * The deepest nesting, and an upper bound of the number of values: brackets and commas outside strings. It needs no
 * valid JSON.
 */
function measureJson(text: string): { depth: number; values: number } {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // a string: skip to its end
        for (at += 1; at < text.length && text.charCodeAt(at) !== 0x22; at += 1) {
          if (text.charCodeAt(at) === 0x5c) at += 1;
        }
        break;
      case 0x2c: // a comma
        values += 1;
        break;
      case 0x5b:
      case 0x7b:
        values += 1;
        depth += 1;
        if (depth > deepest) deepest = depth;
        break;
      case 0x5d:
      case 0x7d:
        depth -= 1;
        break;
    }
  }
  return { depth: deepest, values };
}
