import type { IncomingMessage } from "node:http";
import type { CallingOptions, ServiceBroker } from "moleculer";
import type { Logger } from "pino";
import { OUTSIDE } from "../../authorization.ts";
import { type Meta, type PublicError, publicError, refuse } from "../../contract/index.ts";
import { hasParameters } from "../../surface/path.ts";
import type { HttpEntry } from "../../surface.ts";
import type { Identities } from "../identities.ts";
import type { Identity } from "../identity.ts";
import type { DoorResponse } from "../internals/usual-head.ts";
import type { HttpBacklog } from "../limits/caps/http-backlog.ts";
import type { Client } from "../limits/client-address.ts";
import type { Limits } from "../limits/limits.ts";
import type { OriginStanding } from "../limits/origins.ts";
import type { RefusalLog } from "../limits/refusal-log.ts";
import type { Finished } from "../metrics.ts";
import { isFresh, type ServedAsset } from "./assets.ts";
import { closeAfterResponse } from "./closing.ts";
import { apiHeaders } from "./headers.ts";
import { readJsonBody } from "./json-body.ts";
import { isMalformed } from "./malformed.ts";
import { withPathValues } from "./path-parameters.ts";
import { readQuery } from "./query.ts";
import { ENDS_SESSION, noRefreshCookie, readRefreshCookie, refreshCookie } from "./refresh-cookie.ts";
import { requestId } from "./request-id.ts";

export interface HttpParts {
  readonly broker: ServiceBroker;
  readonly identities: Identities;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  readonly log: Logger;
  readonly refusals: RefusalLog;
  /** Share of the successful requests that are logged. */
  readonly logSample: number;
  /** The methods that exist at a path; undefined where nothing is. */
  resolve(path: string): ReadonlyMap<string, HttpEntry> | undefined;
  readonly assets: ReadonlyMap<string, ServedAsset>;
  /** Undefined for a connection that is gone. */
  client(request: IncomingMessage): Client | undefined;
  standing(headers: IncomingMessage["headers"]): OriginStanding;
  readonly limits: Limits;
  readonly backlog: HttpBacklog;
  /** Told of every request that was answered. */
  readonly finished?: ((facts: Finished) => void) | undefined;
}

/** Answers HTTP requests; knows how many it is at, and stops taking new ones. */
export interface HttpHandler {
  handle(request: IncomingMessage, response: DoorResponse): void;
  /** Closes each connection after its next response, so that a client's next request goes to another node. */
  leave(): void;
  /** Refuses what comes from now on and resolves when the last answer is out. */
  drain(): Promise<void>;
}

/** One request on its way through the gateway. */
interface Exchange {
  readonly id: string;
  readonly started: number;
  readonly request: IncomingMessage;
  readonly response: DoorResponse;
  readonly path: string;
  readonly query: string;
  readonly client: Client;
  readonly standing: OriginStanding;
  entry?: HttpEntry;
  identity?: Identity;
}

/** Characters of a client's own name that are passed on. */
const AGENT_MAX = 200;
/** Larger rests of a refused request are not read to the end: the connection is closed instead. */
const DISCARD = 64 * 1024;

export function createHttpHandler(parts: HttpParts): HttpHandler {
  // the fields of a request's line are ours and hold no secret: looking for some in each costs more than writing it
  const requests = parts.log.child({}, { redact: [] });
  let active = 0;
  let isLeaving = false;
  let drained: (() => void) | undefined;

  function serve(exchange: Exchange): void {
    active++;
    try {
      if (drained || parts.isUnfit()) throw refuse("UNAVAILABLE", { retryAfter: 1 });
      const entry = admit(exchange);
      if (entry) return void run(exchange, entry);
    } catch (thrown) {
      refuseAfterAll(exchange, thrown);
    }
    left();
  }

  function left(): void {
    if (--active === 0) drained?.();
  }

  function refuseAfterAll(exchange: Exchange, thrown: unknown): void {
    try {
      refuseExchange(exchange, thrown);
    } catch (err) {
      parts.log.error({ err, id: exchange.id }, "request could not be answered");
      exchange.response.destroy();
    }
  }

  /**
   * Answers at once what needs no action, else says which entry's has to run. Whatever is known at once is decided at
   * once: each promise on the way costs a request.
   */
  function admit(exchange: Exchange): HttpEntry | undefined {
    const { request, path, client } = exchange;
    if (isMalformed(request)) throw refuse("BAD_REQUEST");
    const methods = parts.resolve(path);
    const entry = methods?.get(request.method ?? "");
    const isForeign = exchange.standing === "foreign" && entry !== undefined && entry.method !== "GET";
    // a path that does not exist counts as well, because each request leaves a line in the log; requests of a foreign
    // page do not count as tries to sign in
    parts.limits.address(entry && !isForeign ? entry.rate : "read", client.key);
    const asset = entry ? undefined : parts.assets.get(path);
    if (asset && (request.method === "GET" || request.method === "HEAD")) return void sendAsset(exchange, asset);
    if (methods && request.method === "OPTIONS") return void sendPreflight(exchange, methods);
    if (!entry) throw refuse("NOT_FOUND");
    exchange.entry = entry;
    if (isForeign) throw refuse("ORIGIN");
    return entry;
  }

  async function run(exchange: Exchange, entry: HttpEntry): Promise<void> {
    const { request } = exchange;
    try {
      if (entry.access !== "public") {
        const identity = parts.identities.of(request.headers.authorization);
        exchange.identity = identity instanceof Promise ? await identity : identity;
        parts.limits.user(entry.rate, exchange.identity.user.id);
      }
      const counted = parts.limits.everywhere(entry.rate, exchange.client.key, exchange.identity?.user.id);
      if (counted) await counted;
      const given =
        entry.method === "GET" ? readQuery(exchange.query, entry.params) : await bodyOf(exchange, entry, parts.backlog);
      const params = hasParameters(entry.path) ? withPathValues(exchange.path, entry, given) : given;
      const options = outside(metaOf(exchange), exchange.id);
      sendResult(exchange, entry, await parts.broker.call<unknown, object>(entry.action, params, options));
    } catch (thrown) {
      refuseAfterAll(exchange, thrown);
    }
    left();
  }

  function refuseExchange(exchange: Exchange, thrown: unknown): void {
    const error = publicError(thrown);
    if (error.status >= 500 && error.code === "INTERNAL") {
      parts.refusals.error({ err: thrown, id: exchange.id, ray: exchange.client.ray }, "request failed");
    }
    const headers: Record<string, string> = {};
    if (error.retryAfter !== undefined) headers["retry-after"] = String(error.retryAfter);
    if (error.status === 401) headers["www-authenticate"] = "Bearer";
    // a browser whose refresh token is not good any more shall not send it again and again
    if (error.status === 401 && exchange.entry?.action === "auth.refresh" && exchange.standing === "allowed") {
      headers["set-cookie"] = noRefreshCookie;
    }
    if (!isLeaving && (error.code === "BAD_REQUEST" || hasLongRest(exchange.request))) {
      headers.connection = "close";
      closeAfterResponse(exchange.request.socket);
    }
    send(exchange, error.status, headers, errorBody(error), error.code);
  }

  function sendResult(exchange: Exchange, entry: HttpEntry, result: unknown): void {
    let headers = NONE;
    let body = result;
    if (exchange.standing === "allowed") {
      if (isRecord(result) && typeof result.refreshToken === "string") {
        const { refreshToken, ...rest } = result;
        headers = { "set-cookie": refreshCookie(refreshToken as string) };
        body = rest;
      } else if (ENDS_SESSION.has(entry.action)) headers = { "set-cookie": noRefreshCookie };
    }
    send(exchange, 200, headers, JSON.stringify(body ?? null));
  }

  function send(
    exchange: Exchange,
    status: number,
    headers: Readonly<Record<string, string>>,
    body: string,
    code?: string,
  ): void {
    const { request, response, standing } = exchange;
    const origin = standing === "allowed" ? request.headers.origin : undefined;
    const usual = status === 200 && headers === NONE && origin === undefined && !isLeaving;
    if (!response.headersSent && !response.destroyed && !(usual && response.endUsual(exchange.id, body))) {
      // pairs in one array: Node then writes them as they are
      const pairs = [...API_HEADERS, "x-request-id", exchange.id, "content-length", String(Buffer.byteLength(body))];
      if (origin !== undefined) push(pairs, corsHeaders(origin));
      push(pairs, headers);
      if (isLeaving) pairs.push("connection", "close");
      response.writeHead(status, pairs);
      response.end(request.method === "HEAD" ? undefined : body);
    }
    sent(exchange, body.length);
    note(exchange, status, code);
  }

  /** Counts what the client has not read; nothing is left where the kernel has taken all. */
  function sent({ response, request, client, identity }: Exchange, length: number): void {
    if (response.writableLength === 0) return;
    parts.backlog.unsent(request.socket, response, { address: client.key, user: identity?.user.id }, length);
  }

  function sendAsset(exchange: Exchange, asset: ServedAsset): void {
    const { request, response, query } = exchange;
    const fresh = isFresh(request.headers["if-none-match"], asset.etag);
    const { "content-length": length, ...headers } = asset.headers(query);
    response.writeHead(fresh ? 304 : 200, {
      ...headers,
      ...(fresh ? {} : { "content-length": length }),
      "x-request-id": exchange.id,
    });
    response.end(fresh || request.method === "HEAD" ? undefined : asset.body);
    sent(exchange, 0); // the file itself is in memory once, for all
    note(exchange, response.statusCode);
  }

  function sendPreflight(exchange: Exchange, methods: ReadonlyMap<string, HttpEntry>): void {
    const { request, response } = exchange;
    const { origin, "access-control-request-method": method } = request.headers;
    if (exchange.standing !== "allowed" || origin === undefined || !methods.has(method ?? ""))
      throw refuse("NOT_FOUND");
    response.writeHead(204, {
      ...corsHeaders(origin),
      "access-control-allow-methods": [...methods.keys()].join(", "),
      "access-control-allow-headers": "authorization, content-type",
      "access-control-max-age": "600",
      "x-request-id": exchange.id,
    });
    response.end();
    sent(exchange, 0);
    note(exchange, 204);
  }

  /** The one line a request leaves in the log: no query, no body, no header that a client chose. */
  function note(exchange: Exchange, status: number, code?: string): void {
    if (!parts.finished && !requests.isLevelEnabled("info")) return;
    const milliseconds = performance.now() - exchange.started;
    if (parts.finished) {
      const route = exchange.entry?.path ?? (status < 400 ? exchange.path : "none");
      const method = route === "none" ? "none" : (exchange.request.method ?? "none");
      parts.finished({ route, method, status, seconds: milliseconds / 1000 });
    }
    if (status >= 400) {
      const refusal = { status, code, route: exchange.entry?.path ?? "none", network: exchange.client.key };
      return void parts.refusals.note(refusal, () => factsOf(exchange, status, milliseconds, code));
    }
    if (parts.logSample < 1 && Math.random() >= parts.logSample) return;
    requests.info(factsOf(exchange, status, milliseconds), "request");
  }

  return {
    handle(request, response) {
      const client = parts.client(request);
      if (!client) return void response.destroy();
      // it waits for the response to an earlier request
      if (response.socket === null && !parts.backlog.holdPipelined(request.socket, response)) return;
      const url = request.url ?? "/";
      const mark = url.indexOf("?");
      const exchange: Exchange = {
        id: requestId(),
        started: performance.now(),
        request,
        response,
        path: mark < 0 ? url : url.slice(0, mark),
        query: mark < 0 ? "" : url.slice(mark + 1),
        client,
        standing: parts.standing(request.headers),
      };
      response.on("error", ignore); // the client went away while we wrote
      serve(exchange);
    },
    leave() {
      isLeaving = true;
    },
    drain() {
      isLeaving = true;
      return new Promise((resolve) => {
        drained = resolve;
        if (active === 0) resolve();
      });
    },
  };
}

function factsOf(
  { id, path, client, request, identity }: Exchange,
  status: number,
  milliseconds: number,
  code?: string,
): object {
  return {
    id,
    ray: client.ray,
    method: request.method,
    path: path.slice(0, 200),
    status,
    code,
    ms: Math.round(milliseconds * 100) / 100,
    address: client.address,
    user: identity?.user.id,
  };
}

function ignore(): void {}

const NONE: Readonly<Record<string, string>> = Object.freeze({});
const API_HEADERS: readonly string[] = Object.entries(apiHeaders).flat();

function push(pairs: string[], headers: Readonly<Record<string, string>>): void {
  for (const name in headers) pairs.push(name, headers[name] ?? "");
}

/** Options of a call for a client. */
export function outside(meta: Meta, requestID?: string): CallingOptions {
  return requestID === undefined ? { meta, headers: FROM_OUTSIDE } : { meta, headers: FROM_OUTSIDE, requestID };
}

const FROM_OUTSIDE = Object.freeze({ [OUTSIDE]: true });

function metaOf({ request, client, identity }: Exchange): Meta {
  const agent = request.headers["user-agent"];
  const { address } = client;
  const from = agent === undefined ? { address } : { address, agent: agent.slice(0, AGENT_MAX) };
  return identity ? { user: identity.user, client: from } : { client: from };
}

/** The parameters in the body, or in the query where the entry takes no body. */
async function bodyOf(
  { request, client, standing, query }: Exchange,
  entry: HttpEntry,
  backlog: HttpBacklog,
): Promise<Readonly<Record<string, unknown>>> {
  const hold = () => backlog.holdBody(request.socket, client.key);
  const params = await readJsonBody(request, entry.bodyLimit, hold);
  if (entry.bodyLimit === 0) return readQuery(query, entry.params);
  // a browser keeps the refresh token in a cookie, and only a page of ours may spend it
  if (!Object.hasOwn(entry.params, "refreshToken") || "refreshToken" in params || standing !== "allowed") return params;
  const refreshToken = readRefreshCookie(request.headers.cookie);
  return refreshToken === undefined ? params : { ...params, refreshToken };
}

/** Whether a refused request has more of a body coming than is worth reading. */
function hasLongRest({ headers, complete }: IncomingMessage): boolean {
  return !complete && (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > DISCARD);
}

function corsHeaders(origin: string): Record<string, string> {
  return { "access-control-allow-origin": origin, "access-control-allow-credentials": "true", vary: "Origin" };
}

/** The one shape of a refusal. */
export function errorBody({ code, message, field }: PublicError): string {
  return JSON.stringify({ error: { code, message, ...(field === undefined ? {} : { field }) } });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
