/** Calls of the Cloudflare API through Cloudflare's own SDK, with waits that end and errors that say what to do. */
import Cloudflare, { APIConnectionError, APIError } from "cloudflare";
import { isValues } from "./fields.ts";

export interface Request {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE" | "GET";
  /** Under the base URL; build it with `path`. */
  readonly path: string;
  readonly body?: object;
  /** The permission group that the token needs, for the error's text. */
  readonly permission?: string;
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
  /** 0 where there was no answer. */
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
  /** The answer's `result`. @throws CallError */
  send(request: Request): Promise<unknown>;
  /** The same, or undefined where the answer is 404. */
  find(request: Request): Promise<unknown>;
}

/** A path from literal parts and values: `path\`/zones/${id}\`` encodes every value. */
export function path(parts: TemplateStringsArray, ...values: readonly unknown[]): string {
  return parts.reduce((whole, part, index) => whole + encodeURIComponent(String(values[index - 1])) + part);
}

/** Tries after the first, on a broken connection, 408, 409, 429 and 5xx. */
const MAX_RETRIES = 4;
/** Milliseconds for one try. */
const TIMEOUT = 30_000;
/** Seconds; an API that asks for more patience is an error to report and not a reason to hang. */
const MAX_RETRY_AFTER = 60;

export function createCalls(options: { apiToken: string; baseURL: string }): Calls {
  const client = new Cloudflare({
    apiToken: options.apiToken,
    baseURL: options.baseURL,
    maxRetries: MAX_RETRIES,
    timeout: TIMEOUT,
    fetch: fetchWithPatience,
    logLevel: "off",
  });
  const send = async (request: Request): Promise<unknown> => {
    const { method, path, body } = request;
    try {
      const answer: unknown = await client[lowerCase[method]](path, body === undefined ? {} : { body });
      return isValues(answer) ? answer.result : undefined;
    } catch (error) {
      throw callError(request, error);
    }
  };
  return {
    send,
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

const lowerCase = { GET: "get", POST: "post", PUT: "put", PATCH: "patch", DELETE: "delete" } as const;

/** The SDK waits as long as `Retry-After` says, however long; beyond the cap it is told not to retry. */
async function fetchWithPatience(input: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const wait = Number.parseFloat(response.headers.get("retry-after") ?? "0");
  const until = Number.isNaN(wait) ? (Date.parse(response.headers.get("retry-after") ?? "") - Date.now()) / 1000 : wait;
  if (!(until > MAX_RETRY_AFTER)) return response;
  const headers = new Headers(response.headers);
  headers.set("x-should-retry", "false");
  return new Response(response.body, { status: response.status, headers });
}

function callError(request: Request, error: unknown): unknown {
  const call = `${request.method} ${request.path}`;
  if (error instanceof APIConnectionError) {
    return new CallError(
      "API_UNREACHABLE",
      0,
      [],
      `${call} got no answer: ${causeOf(error)}. Is the API reachable? Run the same command again to continue.`,
      error,
    );
  }
  if (!(error instanceof APIError) || error.status === undefined) return error;
  const status: number = error.status;
  const items = error.errors.map(({ code, message }) => `${code} ${message}`).join("; ") || "no reason was given";
  const said = `${call} was answered with ${status}: ${items}.`;
  const codes = error.errors.flatMap(({ code }) => (code === undefined ? [] : [code]));
  const fail = (code: CallErrorCode, advice: string) => new CallError(code, status, codes, `${said}${advice}`, error);
  if (status === 401 || (status === 403 && codes.includes(9109))) {
    return fail(
      "API_DENIED",
      " The API token is not valid for this account: check cloudflare:apiToken or CLOUDFLARE_API_TOKEN.",
    );
  }
  if (status === 403) {
    const needed =
      request.permission === undefined
        ? "a permission that it does not have"
        : `the permission "${request.permission}"`;
    return fail("API_DENIED", ` The API token needs ${needed}: add it to the token, then run the same command again.`);
  }
  if (status === 404) return fail("API_NOT_FOUND", "");
  if (status === 429) {
    const after = error.headers?.get("retry-after");
    return fail(
      "API_THROTTLED",
      ` The API has had too many requests: wait ${after ? `${after} seconds` : "five minutes"}, then run the same command again.`,
    );
  }
  if (status >= 500) return fail("API_FAILED", " The API has a problem of its own: run the same command again.");
  return fail("API_REFUSED", "");
}

function causeOf(error: Error): string {
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}
