/** Calls of the Cloudflare API through Cloudflare's own SDK, with the retries and error texts of the real provider. */
import { STATUS_CODES } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import Cloudflare, { APIConnectionError, APIError } from "cloudflare";
import { isValues, type Values } from "./fields.ts";

export interface Request {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE" | "GET";
  /** Under the base URL; build it with `path`. */
  readonly path: string;
  readonly body?: object;
}

export type CallErrorCode =
  | "API_UNREACHABLE"
  | "API_DENIED"
  | "API_NOT_FOUND"
  | "API_THROTTLED"
  | "API_REFUSED"
  | "API_FAILED";

/** A call that did not succeed, after retries where those make sense. */
export class CallError extends Error {
  readonly code: CallErrorCode;
  /** 0 where there was no response. */
  readonly status: number;
  /** The API's own error codes. */
  readonly apiCodes: readonly number[];

  constructor(code: CallErrorCode, status: number, apiCodes: readonly number[], message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
    this.status = status;
    this.apiCodes = apiCodes;
  }
}

export interface Calls {
  /** The response's `result`. @throws CallError */
  send(request: Request): Promise<unknown>;
  /** The same, or undefined for 404. */
  find(request: Request): Promise<unknown>;
  /**
   * All items of a list that is read page by page, by the cursors of the responses. The path has a query. @throws
   * CallError
   */
  list(request: Request): Promise<readonly unknown[]>;
  /** Waits for the milliseconds given. */
  wait(milliseconds: number): Promise<unknown>;
}

/** A path from literal parts and values: `path\`/zones/${id}\`` encodes every value. */
export function path(parts: TemplateStringsArray, ...values: readonly unknown[]): string {
  return parts.reduce(
    (sendWithRetries, part, index) => sendWithRetries + encodeURIComponent(String(values[index - 1])) + part,
  );
}

/** Tries after the first. */
const MAX_RETRIES = 10;
/** Milliseconds for one try. */
const TIMEOUT_MS = 30_000;
/** Maximum seconds of a Retry-After that is waited for; after a longer one the call fails. */
const MAX_RETRY_AFTER_SECONDS = 60;
/** Milliseconds before the first retry, and at most before a later one: from one to the next it doubles. */
const FIRST_WAIT_MS = 2_000;
const MAX_WAIT_MS = 30_000;

export interface CallOptions {
  readonly apiToken: string;
  readonly baseURL: string;
  /** Waits between tries; a test or a rehearsal makes it shorter. By default it waits for the milliseconds given. */
  readonly wait?: ((milliseconds: number) => Promise<unknown>) | undefined;
}

/**
 * Calls are repeated as the real provider repeats them (cloudflare-go 6): eleven tries in about three minutes on a
 * broken connection, 408, 409, 429 and 5xx, unless `x-should-retry` or `Retry-After` has another value.
 */
export function createCalls({ apiToken, baseURL, wait = delay }: CallOptions): Calls {
  const client = new Cloudflare({ apiToken, baseURL, maxRetries: 0, timeout: TIMEOUT_MS, logLevel: "off" });
  const sendOnce = async ({ method, path, body }: Request): Promise<Values> => {
    const response: unknown = await client[lowerCase[method]](path, body === undefined ? {} : { body });
    return isValues(response) ? response : {};
  };
  const sendWithRetries = async (request: Request): Promise<Values> => {
    for (let retries = 0; ; retries += 1) {
      try {
        return await sendOnce(request);
      } catch (error) {
        const pause = retries < MAX_RETRIES ? pauseAfter(error, retries) : undefined;
        if (pause === undefined) throw callError(request, baseURL, error);
        await wait(pause);
      }
    }
  };
  const send = async (request: Request): Promise<unknown> => (await sendWithRetries(request)).result;
  return {
    send,
    wait,
    async list(request) {
      const items: unknown[] = [];
      for (let cursor: unknown; ; ) {
        const query = typeof cursor === "string" ? `&cursor=${encodeURIComponent(cursor)}` : "";
        const { result, result_info: info } = await sendWithRetries({ ...request, path: `${request.path}${query}` });
        if (Array.isArray(result)) items.push(...result);
        const cursors = isValues(info) && isValues(info.cursors) ? info.cursors : {};
        if (typeof cursors.after !== "string" || cursors.after === "" || cursors.after === cursor) return items;
        cursor = cursors.after;
      }
    },
    async find(request) {
      try {
        return await send(request);
      } catch (error) {
        if (error instanceof CallError && error.code === "API_NOT_FOUND") return undefined;
        throw error;
      }
    },
  };
}

/** Milliseconds until the next try; undefined where there is none. */
function pauseAfter(error: unknown, retries: number): number | undefined {
  const byDefault = Math.min(FIRST_WAIT_MS * 2 ** retries, MAX_WAIT_MS) * (1 - Math.random() / 4);
  if (error instanceof APIConnectionError) return byDefault;
  if (!(error instanceof APIError) || error.status === undefined) return undefined;
  const headers: Headers | undefined = error.headers;
  const retryHeader = headers?.get("x-should-retry");
  const status: number = error.status;
  const isTemporary = status === 408 || status === 409 || status === 429 || status >= 500;
  if (retryHeader === "false" || (retryHeader !== "true" && !isTemporary)) return undefined;
  const requestedMs = requestedPause(headers);
  if (requestedMs === undefined) return byDefault;
  return requestedMs > MAX_RETRY_AFTER_SECONDS * 1000 ? undefined : Math.max(0, requestedMs);
}

/** Milliseconds, from `Retry-After-Ms` or `Retry-After` in seconds or as a date. */
function requestedPause(headers: Headers | undefined): number | undefined {
  const milliseconds = Number.parseFloat(headers?.get("retry-after-ms") ?? "");
  if (!Number.isNaN(milliseconds)) return milliseconds;
  const after = headers?.get("retry-after") ?? "";
  if (/^\d+(\.\d+)?$/.test(after)) return Number(after) * 1000;
  const until = Date.parse(after) - Date.now();
  return Number.isNaN(until) ? undefined : until;
}

const lowerCase = { GET: "get", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete" } as const;

/** Errors with the text of the real provider, that of cloudflare-go 6, with the API's own response. */
function callError({ method, path }: Request, baseURL: string, error: unknown): unknown {
  const url = `${baseURL.replace(/\/$/, "")}${path}`;
  if (error instanceof APIConnectionError) {
    const verb = `${method.charAt(0)}${method.slice(1).toLowerCase()}`;
    const message = `failed to make http request: ${verb} "${url}": ${causeOf(error)}`;
    return new CallError("API_UNREACHABLE", 0, [], message, error);
  }
  if (!(error instanceof APIError) || error.status === undefined) return error;
  const status: number = error.status;
  const codes = error.errors.flatMap(({ code }) => (code === undefined ? [] : [code]));
  const response = JSON.stringify(error.error) ?? "";
  const message = `failed to make http request: ${method} "${url}": ${status} ${STATUS_CODES[status] ?? ""} ${response}`;
  return new CallError(codeOf(status), status, codes, message, error);
}

function codeOf(status: number): CallErrorCode {
  if (status === 401 || status === 403) return "API_DENIED";
  if (status === 404) return "API_NOT_FOUND";
  if (status === 429) return "API_THROTTLED";
  return status >= 500 ? "API_FAILED" : "API_REFUSED";
}

function causeOf(error: Error): string {
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}
