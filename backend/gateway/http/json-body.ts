import type { IncomingMessage } from "node:http";
import { refuse } from "../../contract/index.ts";
import { isTooDeep } from "../limits/depth.ts";

const JSON_TYPE = /^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i;

/**
 * Reads a JSON object of at most `limit` bytes. No body is an empty object. Throws the refusal for the client: 413 when
 * it is larger, 415 when it is not JSON, 400 when it is not valid UTF-8 or JSON, 422 when it is no object or nested too
 * deeply.
 *
 * @param hold called when a body has to be waited for; throws when too many are, and returns what to call when it has
 * arrived
 */
export async function readJsonBody(
  request: IncomingMessage,
  limit: number,
  hold: () => () => void,
): Promise<Readonly<Record<string, unknown>>> {
  const { headers } = request;
  const length = headers["content-length"];
  const chunked = headers["transfer-encoding"] !== undefined;
  if (!chunked && (length === undefined || Number(length) === 0)) return {};
  if (Number(length ?? 0) > limit) throw refuse("PAYLOAD_TOO_LARGE");
  if (!JSON_TYPE.test(headers["content-type"] ?? "") || headers["content-encoding"] !== undefined) {
    throw refuse("UNSUPPORTED_MEDIA_TYPE");
  }
  const release = hold();
  try {
    return parseObject(await readBytes(request, limit));
  } finally {
    release();
  }
}

/**
 * Copies each chunk into one buffer: a chunk of one byte costs an object of some hundred bytes, and a client may send
 * only such.
 */
function readBytes(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const body = Buffer.allocUnsafe(limit);
    let size = 0;
    const onData = (chunk: Buffer) => {
      if (size + chunk.length > limit) return done(() => reject(refuse("PAYLOAD_TOO_LARGE")));
      size += chunk.copy(body, size);
    };
    const onEnd = () => done(() => resolve(body.subarray(0, size)));
    // the client disconnected or took too long: nothing will read the response
    const onClose = () => done(() => reject(refuse("TIMEOUT")));
    const done = (settle: () => void) => {
      request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", onClose);
      request.on("error", () => undefined);
      settle();
    };
    // the client disconnected while the access token was verified: no event will follow
    if (request.destroyed) return onClose();
    request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", onClose);
  });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function parseObject(body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {};
  const text = parseOrRefuse(() => utf8.decode(body));
  if (isTooDeep(text)) throw refuse("TOO_DEEP");
  const value: unknown = parseOrRefuse(() => JSON.parse(text));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuse("VALIDATION");
  return value as Readonly<Record<string, unknown>>;
}

function parseOrRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw refuse("BAD_JSON");
  }
}
