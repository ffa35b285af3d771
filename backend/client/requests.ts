/** A request that did not bring what was asked for. `message` is a sentence for the person at the screen. */
export class RequestError extends Error {
  override name = "RequestError";
  /** The server's stable code; `OFFLINE` when it could not be reached, `EDGE` when something before it answered. */
  readonly code: string;
  /** HTTP status; 0 without an answer or over a socket. */
  readonly status: number;
  /** The field the server complains about. */
  readonly field: string | undefined;
  /** Seconds after which a new try makes sense. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, facts: { status?: number; field?: string; retryAfter?: number } = {}) {
    super(message);
    this.code = code;
    this.status = facts.status ?? 0;
    this.field = facts.field;
    this.retryAfter = facts.retryAfter;
  }
}

/** Refusals that waiting cures. */
const PASSING: ReadonlySet<string> = new Set(["OFFLINE", "EDGE", "UNAVAILABLE", "INTERNAL", "RATE_LIMITED", "TIMEOUT"]);

export function isUnauthorized(error: unknown): boolean {
  return error instanceof RequestError && error.status === 401;
}

/** Whether the same may succeed later. */
export function isPassing(error: unknown): boolean {
  return error instanceof RequestError && PASSING.has(error.code);
}

/** Milliseconds between tries: the first wait, and the longest. */
export interface Backoff {
  readonly first: number;
  readonly most: number;
}
export const BACKOFF: Backoff = { first: 500, most: 30_000 };

/**
 * Milliseconds to wait before trying again, after so many tries before this one: what the server asked for, or else
 * twice as long each time; never the same for two clients, so that they do not all come back in one moment.
 */
export function waitFor(error: unknown, tries: number, { first, most }: Backoff): number {
  const seconds = error instanceof RequestError ? error.retryAfter : undefined;
  if (seconds !== undefined) return seconds * 1000 + Math.random() * first;
  return Math.min(most, first * 2 ** tries) * (0.5 + Math.random() / 2);
}

export interface JsonRequest {
  readonly method: string;
  /** Absolute, or relative to the page. */
  readonly url: string;
  readonly body?: object;
  readonly accessToken?: string;
  /** How the request is made; the global `fetch` when left out. */
  readonly fetch?: Fetch | undefined;
}

/** What the client uses of `fetch`, so that a program can bring its own. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly signal: AbortSignal;
    readonly cache: "no-store";
    readonly body?: string;
  },
) => Promise<Response>;

/** Milliseconds that an answer may take. */
const PATIENCE = 15_000;

/**
 * Sends JSON and reads JSON. Throws a `RequestError` for every other outcome, an answer of the edge's in HTML included.
 */
export async function requestJson(request: JsonRequest): Promise<unknown> {
  const { method, url, body, accessToken } = request;
  const send: Fetch = request.fetch ?? fetch;
  const headers: Record<string, string> = {
    accept: "application/json",
    ...(body && { "content-type": "application/json" }),
    ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
  };
  const signal = AbortSignal.timeout(PATIENCE);
  const options = { method, headers, signal, cache: "no-store", ...(body && { body: JSON.stringify(body) }) } as const;
  let response: Response;
  let answer: unknown;
  try {
    response = await send(url, options);
    answer = isJson(response) ? await response.json() : undefined;
  } catch {
    throw new RequestError("OFFLINE", "The server cannot be reached. Check your connection and try again.");
  }
  if (response.ok && answer !== undefined) return answer;
  throw refusal(response, answer);
}

function isJson(response: Response): boolean {
  return /^application\/json\b/i.test(response.headers.get("content-type") ?? "");
}

function refusal(response: Response, answer: unknown): RequestError {
  const { status } = response;
  const wait = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
  const retryAfter = wait > 0 ? wait : undefined;
  const { code, message, field } = errorOf(answer);
  const facts = { status, ...(field && { field }), ...(retryAfter && { retryAfter }) };
  if (status === 429) return new RequestError(code ?? "EDGE", tooMany(retryAfter), facts);
  if (code && message) return new RequestError(code, message, facts);
  // not our server's answer: the edge or a proxy stands in between
  const ray = response.headers.get("cf-ray");
  return new RequestError("EDGE", edgeMessage(status, ray ? ` (Ray ID ${ray})` : ""), facts);
}

/** What to tell somebody who was too fast. */
function tooMany(seconds: number | undefined): string {
  if (seconds === undefined) return "Too many attempts. Wait a little and try again.";
  return `Too many attempts. Try again in ${seconds} ${seconds === 1 ? "second" : "seconds"}.`;
}

function edgeMessage(status: number, ray: string): string {
  if (status === 403) return `This request was blocked before it reached the chat${ray}.`;
  if (status >= 500) return `The chat is not available at the moment (error ${status})${ray}. Try again in a minute.`;
  return `The answer could not be understood (${status})${ray}.`;
}

/** The one shape in which the server refuses: `{ error: { code, message, field } }`. */
export function errorOf(answer: unknown): { code?: string; message?: string; field?: string } {
  const { error } = (answer ?? {}) as { error?: unknown };
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
