/** Reads a request's JSON body within limits: what is larger or deeper than the API ever needs is refused before it is parsed. */
import type { IncomingMessage } from "node:http";
import { ApiError, invalid } from "../errors.ts";

/** Bytes. A ruleset of 1,000 rules with expressions of 4,096 characters needs about 4 MB. */
const MAX_BODY = 8 * 1024 * 1024;
/** Levels of nesting; the deepest body of the API's own has about ten. */
const MAX_DEPTH = 32;

/** Undefined for an empty body. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  // a request that is refused halfway keeps its socket, or the refusal could not be sent
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    // the numeric code is ours
    if (size > MAX_BODY)
      throw new ApiError(413, { code: 10413, message: `The request body is larger than ${MAX_BODY} bytes` });
    chunks.push(chunk);
  }
  return size === 0 ? undefined : parseJson(Buffer.concat(chunks));
}

/** Parses UTF-8 JSON; 400 code 6007 for what is not JSON, is nested too deeply, or names `__proto__`. */
export function parseJson(bytes: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw malformed("it is not UTF-8");
  }
  if (depthOf(text) > MAX_DEPTH) throw malformed(`it is nested deeper than ${MAX_DEPTH} levels`);
  try {
    return JSON.parse(text, (key, value) => {
      if (key === "__proto__") throw new SyntaxError("a key is named __proto__");
      return value;
    });
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : "unknown reason");
  }
}

function malformed(reason: string): ApiError {
  return invalid(6007, `Malformed JSON in request body: ${reason.slice(0, 200)}`);
}

/** The deepest nesting of brackets outside strings; needs no valid JSON. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case 0x22: // a string: skip to its end
        for (at += 1; at < text.length && text.charCodeAt(at) !== 0x22; at += 1) {
          if (text.charCodeAt(at) === 0x5c) at += 1;
        }
        break;
      case 0x5b:
      case 0x7b:
        depth += 1;
        if (depth > deepest) deepest = depth;
        break;
      case 0x5d:
      case 0x7d:
        depth -= 1;
        break;
    }
  }
  return deepest;
}
