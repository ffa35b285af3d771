/** A request that failed. `message` is a sentence for the user. */
export class RequestError extends Error {
  override name = "RequestError";
  /** The server's stable code; `OFFLINE` when it could not be reached, `EDGE` when a proxy before it responded. */
  readonly code: string;
  /** HTTP status; 0 without a response and over a socket. */
  readonly status: number;
  /** The parameter that the server refuses. */
  readonly field: string | undefined;
  /** Seconds to wait before the next attempt. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, details: { status?: number; field?: string; retryAfter?: number } = {}) {
    super(message);
    this.code = code;
    this.status = details.status ?? 0;
    this.field = details.field;
    this.retryAfter = details.retryAfter;
  }
}

/** Codes of refusals that are temporary. */
const TEMPORARY: ReadonlySet<string> = new Set([
  "OFFLINE",
  "EDGE",
  "UNAVAILABLE",
  "INTERNAL",
  "RATE_LIMITED",
  "TIMEOUT",
]);

export function isUnauthorized(error: unknown): boolean {
  return error instanceof RequestError && error.status === 401;
}

/** Whether the same request may succeed later. */
export function isTemporary(error: unknown): boolean {
  return error instanceof RequestError && TEMPORARY.has(error.code);
}

/** Waits between attempts, which double from the first one to the maximum. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}
/** The waits of a client that sets no others. */
export const BACKOFF: Backoff = { firstMs: 500, maxMs: 30_000 };

/**
 * Milliseconds to wait before the next attempt, after `tries` earlier waits: what the server has asked for, else twice
 * as long each time. A random part spreads the clients, so that they do not all come back at the same time.
 */
export function waitFor(error: unknown, tries: number, { firstMs, maxMs }: Backoff): number {
  const seconds = error instanceof RequestError ? error.retryAfter : undefined;
  if (seconds !== undefined) return seconds * 1000 + Math.random() * firstMs;
  return Math.min(maxMs, firstMs * 2 ** tries) * (0.5 + Math.random() / 2);
}

export interface HttpRequest {
  readonly method: string;
  /** Absolute, or relative to the page. */
  readonly url: string;
  /** Bytes are sent as they are, other values as JSON. */
  readonly body?: object | Uint8Array<ArrayBuffer>;
  readonly accessToken?: string;
  /** Makes the request; the global `fetch` when left out. */
  readonly fetch?: Fetch | undefined;
}

/** The part of `fetch` that the client uses, so that a program can bring its own. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly signal: AbortSignal;
    readonly cache: "no-store" | "default";
    readonly body?: string | Uint8Array<ArrayBuffer>;
  },
) => Promise<Response>;

/** Maximum milliseconds until a response has arrived. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Makes a request and reads JSON. Throws a `RequestError` for all else, for example an HTML page of the edge. */
export async function requestJson(request: HttpRequest): Promise<unknown> {
  const { response, json } = await send(request, "application/json", "no-store");
  if (response.ok && json !== undefined) return json;
  throw toRequestError(response, json);
}

/** Makes a request and reads a picture, which the browser may keep. Throws a `RequestError` for all else. */
export async function requestPicture(request: HttpRequest): Promise<Blob> {
  const { response, json, blob } = await send(request, "image/*", "default");
  if (response.ok && blob?.type.startsWith("image/")) return blob;
  throw toRequestError(response, json);
}

/** A response whose body has arrived. */
interface ReadResponse {
  readonly response: Response;
  readonly json?: unknown;
  /** The body, where it is not JSON. */
  readonly blob?: Blob;
}

async function send(request: HttpRequest, accept: string, cache: "no-store" | "default"): Promise<ReadResponse> {
  const { method, url, body, accessToken } = request;
  const makeRequest: Fetch = request.fetch ?? fetch;
  const isBytes = body instanceof Uint8Array;
  const headers: Record<string, string> = {
    accept,
    ...(body && { "content-type": isBytes ? "application/octet-stream" : "application/json" }),
    ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
  };
  const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
  const sentBody = body && { body: isBytes ? body : JSON.stringify(body) };
  try {
    const response = await makeRequest(url, { method, headers, signal, cache, ...sentBody });
    return isJson(response) ? { response, json: await response.json() } : { response, blob: await response.blob() };
  } catch {
    throw new RequestError("OFFLINE", "The server cannot be reached. Check your connection and try again.");
  }
}

function isJson(response: Response): boolean {
  return /^application\/json\b/i.test(response.headers.get("content-type") ?? "");
}

function toRequestError(response: Response, json: unknown): RequestError {
  const { status } = response;
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const retryAfter = wait > 0 ? wait : undefined;
  const { code, message, field } = readRefusal(json);
  const details = { status, ...(field && { field }), ...(retryAfter && { retryAfter }) };
  if (status === 429) return new RequestError(code ?? "EDGE", rateLimitMessage(retryAfter), details);
  if (code && message) return new RequestError(code, message, details);
  // the response is not from our server, but from the edge or another proxy
  const ray = response.headers.get("cf-ray");
  return new RequestError("EDGE", edgeMessage(status, ray ? ` (Ray ID ${ray})` : ""), details);
}

/** The message for a user who is over a rate limit. */
function rateLimitMessage(seconds: number | undefined): string {
  if (seconds === undefined) return "Too many attempts. Wait a little and try again.";
  return `Too many attempts. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`;
}

function edgeMessage(status: number, ray: string): string {
  if (status === 403) return `This request was blocked before it reached the server${ray}.`;
  if (status >= 500) return `The server is not available at the moment (error ${status})${ray}. Try again in a minute.`;
  return `The response could not be understood (${status})${ray}.`;
}

/** The fields of a refusal of the server, `{ error: { code, message, field } }`. */
export function readRefusal(json: unknown): { code?: string; message?: string; field?: string } {
  const { error } = (json ?? {}) as { error?: unknown };
  const { code, message, field } = (typeof error === "object" && error !== null ? error : {}) as Record<
    string,
    unknown
  >;
  return {
    ...(typeof code === "string" && { code }),
    ...(typeof message === "string" && { message }),
    ...(typeof field === "string" && { field }),
  };
}
