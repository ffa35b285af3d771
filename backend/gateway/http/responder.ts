import type { IncomingMessage } from "node:http";
import type { Logger } from "pino";
import { publicError, refuse } from "../../contract/index.ts";
import { type LineWriter, lineWriter } from "../../log.ts";
import type { HttpEntry } from "../../surface.ts";
import { UsualHead } from "../internals/usual-head.ts";
import type { HttpBacklog } from "../limits/caps/http-backlog.ts";
import type { RefusalLog } from "../limits/refusal-log.ts";
import type { FinishedRequest } from "../metrics.ts";
import { isFresh, type ServedAsset } from "./assets.ts";
import { closeAfterResponse } from "./closing.ts";
import { errorBody } from "./error-body.ts";
import { type Exchange, receiverOf } from "./exchange.ts";
import { apiHeaders } from "./headers.ts";
import { noRefreshCookie, refreshCookie } from "./refresh-cookie.ts";
import { requestLogMembers } from "./request-line.ts";

export interface ResponderParts {
  readonly log: Logger;
  readonly refusals: RefusalLog;
  /** Share of the successful requests that are logged. */
  readonly logSample: number;
  readonly backlog: HttpBacklog;
  /** Gets every request that was responded to. */
  readonly finished?: ((facts: FinishedRequest) => void) | undefined;
}

/** Maximum bytes of a refused request's body that are read to the end; with more the connection is closed. */
const MAX_DISCARDED_BYTES = 64 * 1024;

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});
const API_HEADERS: readonly string[] = Object.entries(apiHeaders).flat();
const USUAL_HEAD = new UsualHead(apiHeaders);

/** Writes responses, and a line into the log for each request. */
export class Responder {
  readonly #parts: ResponderParts;
  readonly #writeLine: LineWriter;
  #isLeaving = false;

  constructor(parts: ResponderParts) {
    this.#parts = parts;
    this.#writeLine = lineWriter(parts.log, "request");
  }

  /** Closes each connection after its next response. */
  closeAfterResponses(): void {
    this.#isLeaving = true;
  }

  /** Responds with the result of an action. A page of this site gets a refresh token in a cookie, not in the body. */
  result(exchange: Exchange, entry: HttpEntry, result: unknown): void {
    let headers = NO_HEADERS;
    let body = result;
    if (exchange.originKind === "allowed") {
      if (isRecord(result) && typeof result.refreshToken === "string") {
        const { refreshToken, ...rest } = result;
        headers = { "set-cookie": refreshCookie(refreshToken as string) };
        body = rest;
      } else if (entry.session === "ends") headers = { "set-cookie": noRefreshCookie };
    }
    this.#send(exchange, 200, headers, JSON.stringify(body ?? null));
  }

  /** Responds with the refusal for an error. */
  refuse(exchange: Exchange, thrown: unknown): void {
    const error = publicError(thrown);
    if (error.status >= 500 && error.code === "INTERNAL") {
      this.#parts.refusals.error({ err: thrown, id: exchange.id, ray: exchange.client.ray }, "request failed");
    }
    const headers: Record<string, string> = {};
    if (error.retryAfter !== undefined) headers["retry-after"] = String(error.retryAfter);
    if (error.status === 401) headers["www-authenticate"] = "Bearer";
    // removes an invalid refresh token from the browser, which would send it with every renewal
    if (error.status === 401 && exchange.entry?.session === "renews" && exchange.originKind === "allowed") {
      headers["set-cookie"] = noRefreshCookie;
    }
    if (!this.#isLeaving && (error.code === "BAD_REQUEST" || hasLongUnreadBody(exchange.request))) {
      headers.connection = "close";
      closeAfterResponse(exchange.request.socket);
    }
    this.#send(exchange, error.status, headers, errorBody(error), error.code);
  }

  /** Responds with a file of the page, or with 304 when the client has this version. */
  asset(exchange: Exchange, asset: ServedAsset): void {
    const { request, response, query } = exchange;
    const fresh = isFresh(request.headers["if-none-match"], asset.etag);
    const { "content-length": length, ...headers } = asset.headers(query);
    response.writeHead(fresh ? 304 : 200, {
      ...headers,
      ...(fresh ? {} : { "content-length": length }),
      "x-request-id": exchange.id,
    });
    response.end(fresh || request.method === "HEAD" ? undefined : asset.body);
    this.#countUnsent(exchange, 0); // the file itself is in memory only once, for all responses
    this.note(exchange, response.statusCode);
  }

  /** Responds to a preflight of a page of this site (Fetch, CORS protocol). Throws NOT_FOUND for any other. */
  preflight(exchange: Exchange, methods: ReadonlyMap<string, HttpEntry>): void {
    const { request, response } = exchange;
    const { origin, "access-control-request-method": method } = request.headers;
    if (exchange.originKind !== "allowed" || origin === undefined || !methods.has(method ?? ""))
      throw refuse("NOT_FOUND");
    response.writeHead(204, {
      ...corsHeaders(origin),
      "access-control-allow-methods": [...methods.keys()].join(", "),
      "access-control-allow-headers": "authorization, content-type",
      "access-control-max-age": "600",
      "x-request-id": exchange.id,
    });
    response.end();
    this.#countUnsent(exchange, 0);
    this.note(exchange, 204);
  }

  /** Counts a request that was responded to, and writes its line into the log. */
  note(exchange: Exchange, status: number, code?: string): void {
    const { log, finished, refusals, logSample } = this.#parts;
    if (!finished && !log.isLevelEnabled("info")) return;
    const milliseconds = performance.now() - exchange.started;
    if (finished) {
      const route = exchange.entry?.path ?? (status < 400 ? exchange.path : "none");
      const method = route === "none" ? "none" : (exchange.request.method ?? "none");
      finished({ route, method, status, seconds: milliseconds / 1000 });
    }
    if (status < 400) {
      if (logSample === 1 || Math.random() < logSample)
        this.#writeLine(requestLogMembers(exchange, status, milliseconds));
      return;
    }
    const refusal = { status, code, route: exchange.entry?.path ?? "none", network: exchange.client.key };
    refusals.note(refusal, () => this.#writeLine(requestLogMembers(exchange, status, milliseconds, code)));
  }

  #send(
    exchange: Exchange,
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string,
    code?: string,
  ): void {
    const { request, response, originKind } = exchange;
    const origin = originKind === "allowed" ? request.headers.origin : undefined;
    const usual = status === 200 && headers === NO_HEADERS && origin === undefined && !this.#isLeaving;
    if (!response.headersSent && !response.destroyed && !(usual && response.endUsual(USUAL_HEAD, exchange.id, body))) {
      // names and values in one array, which Node.js writes without a copy
      const pairs = [...API_HEADERS, "x-request-id", exchange.id, "content-length", String(Buffer.byteLength(body))];
      if (origin !== undefined) pushPairs(pairs, corsHeaders(origin));
      pushPairs(pairs, headers);
      if (this.#isLeaving) pairs.push("connection", "close");
      response.writeHead(status, pairs);
      response.end(request.method === "HEAD" ? undefined : body);
    }
    this.#countUnsent(exchange, body.length);
    this.note(exchange, status, code);
  }

  /** Counts the bytes that the client has not read, unless the kernel has taken all of them. */
  #countUnsent(exchange: Exchange, length: number): void {
    const { response, request } = exchange;
    if (response.writableLength > 0) this.#parts.backlog.unsent(request.socket, response, receiverOf(exchange), length);
  }
}

function pushPairs(pairs: string[], headers: Readonly<Record<string, string>>): void {
  for (const name in headers) pairs.push(name, headers[name] ?? "");
}

/** Whether the body of a refused request has too many bytes left to be read. */
function hasLongUnreadBody({ headers, complete }: IncomingMessage): boolean {
  return (
    !complete &&
    (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > MAX_DISCARDED_BYTES)
  );
}

/** The headers of a response to a page of this site (Fetch, CORS protocol). */
export function corsHeaders(origin: string): Record<string, string> {
  return { "access-control-allow-origin": origin, "access-control-allow-credentials": "true", vary: "Origin" };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
