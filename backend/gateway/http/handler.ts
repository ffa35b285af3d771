import type { IncomingMessage } from "node:http";
import type { ServiceBroker } from "moleculer";
import { refuse } from "../../contract/index.ts";
import { hasParameters } from "../../surface/path.ts";
import type { HttpEntry, StreamEntry } from "../../surface.ts";
import type { AssertionGuard } from "../assertion-guard.ts";
import type { GatewayResponse } from "../internals/usual-head.ts";
import type { HttpBacklog } from "../limits/caps/http-backlog.ts";
import type { Client } from "../limits/client-address.ts";
import type { Limits } from "../limits/limits.ts";
import type { OriginKind } from "../limits/origins.ts";
import { clientCallOptions } from "../outside-call.ts";
import type { GatewaySessions } from "../sessions.ts";
import { type Asset, type ServedAsset, serveAssets } from "./assets.ts";
import { type Exchange, exchangeOf, metaOf } from "./exchange.ts";
import { readJsonBody } from "./json-body.ts";
import { isMalformed } from "./malformed.ts";
import { withPathValues } from "./path-parameters.ts";
import { readQuery } from "./query.ts";
import { readRefreshCookie } from "./refresh-cookie.ts";
import { Responder, type ResponderParts } from "./responder.ts";

export interface HttpParts extends ResponderParts {
  readonly broker: ServiceBroker;
  readonly sessions: GatewaySessions;
  /** Undefined where administrators need no assertion. */
  readonly assertions: AssertionGuard | undefined;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  /** The entries at a path by method; undefined for a path without an entry. */
  resolve(path: string): ReadonlyMap<string, HttpEntry> | undefined;
  /** The page's files. */
  readonly assets: ReadonlyMap<string, Asset>;
  /** The client of a request; undefined when its connection is closed. */
  client(request: IncomingMessage): Client | undefined;
  originKind(headers: IncomingMessage["headers"]): OriginKind;
  readonly limits: Limits;
  readonly streams: StreamServer;
}

/** Serves entries of kind `stream`. */
interface StreamServer {
  /** Resolves with the status when the response has ended. Rejects while it can still be refused. */
  serve(exchange: Exchange, entry: StreamEntry): Promise<number>;
  /** Closes each connection after its next response. */
  closeAfterResponses(): void;
}

/** Serves HTTP requests. */
export class HttpHandler {
  readonly #parts: HttpParts;
  readonly #responder: Responder;
  #assets: ReadonlyMap<string, ServedAsset>;
  /** Number of running requests. */
  #active = 0;
  #drained: (() => void) | undefined;

  constructor(parts: HttpParts) {
    this.#parts = parts;
    this.#responder = new Responder(parts);
    this.#assets = serveAssets(parts.assets);
  }

  /** Serves other files of the page from now on. Throws as `serveAssets`; those before are served then. */
  replaceAssets(assets: ReadonlyMap<string, Asset>): void {
    this.#assets = serveAssets(assets);
  }

  handle(request: IncomingMessage, response: GatewayResponse): void {
    const { client: readClient, originKind, backlog } = this.#parts;
    const client = readClient(request);
    if (!client) return void response.destroy();
    // the request is pipelined: its response has to wait for an earlier one
    if (response.socket === null && !backlog.holdPipelined(request.socket, response)) return;
    response.on("error", ignore); // the client disconnected during the response
    this.#serve(exchangeOf(request, response, client, originKind(request.headers)));
  }

  /** Closes each connection after its next response, so that a client's next request goes to another node. */
  closeAfterResponses(): void {
    this.#responder.closeAfterResponses();
    this.#parts.streams.closeAfterResponses();
  }

  /** Refuses new requests, and resolves when all running ones have been responded to. */
  drain(): Promise<void> {
    this.closeAfterResponses();
    return new Promise((resolve) => {
      this.#drained = resolve;
      if (this.#active === 0) resolve();
    });
  }

  #serve(exchange: Exchange): void {
    this.#active++;
    try {
      if (this.#drained || this.#parts.isUnfit()) throw refuse("UNAVAILABLE", { retryAfter: 1 });
      const entry = this.#admit(exchange);
      if (entry) return void this.#run(exchange, entry);
    } catch (thrown) {
      this.#refuse(exchange, thrown);
    }
    this.#finish();
  }

  #finish(): void {
    if (--this.#active === 0) this.#drained?.();
  }

  #refuse(exchange: Exchange, thrown: unknown): void {
    try {
      this.#responder.refuse(exchange, thrown);
    } catch (err) {
      this.#parts.log.error({ err, id: exchange.id }, "request could not be responded to");
      exchange.response.destroy();
    }
  }

  /**
   * Responds at once where no action is needed, else returns the entry whose action has to run. It is not async,
   * because each promise makes a request slower.
   */
  #admit(exchange: Exchange): HttpEntry | undefined {
    const { request, path, client } = exchange;
    const { limits } = this.#parts;
    if (isMalformed(request)) throw refuse("BAD_REQUEST");
    const methods = this.#parts.resolve(path);
    const entry = methods?.get(request.method ?? "");
    const isForeign = exchange.originKind === "foreign" && entry !== undefined && entry.method !== "GET";
    // a path without an entry counts as well, because each request may write a line into the log; requests of a
    // foreign page do not count as attempts to sign in
    limits.address(entry && !isForeign ? entry.rate : "read", client.key, exchange.started);
    const asset = entry ? undefined : this.#assets.get(path);
    if (asset && (request.method === "GET" || request.method === "HEAD")) {
      return void this.#responder.asset(exchange, asset);
    }
    if (methods && request.method === "OPTIONS") return void this.#responder.preflight(exchange, methods);
    if (!entry) throw refuse("NOT_FOUND");
    exchange.entry = entry;
    if (isForeign) throw refuse("ORIGIN");
    return entry;
  }

  /** Verifies the caller, counts the request, then calls the action with the checked parameters. */
  async #run(exchange: Exchange, entry: HttpEntry): Promise<void> {
    const { request, client } = exchange;
    const { sessions, limits, broker, streams, assertions } = this.#parts;
    try {
      if (entry.access !== "public") {
        const identity = sessions.ofHeader(request.headers.authorization);
        const isKnown = !(identity instanceof Promise);
        exchange.identity = isKnown ? identity : await identity;
        limits.user(entry.rate, exchange.identity.user.id, isKnown ? exchange.started : undefined);
      }
      const counted = limits.onAllNodes(entry.rate, client.key, exchange.identity?.user.id);
      if (counted) await counted;
      const asserted = assertions?.checkRequest(entry.access, exchange.identity, request);
      if (asserted) exchange.identity = await asserted;
      if (entry.kind === "stream") {
        // from here on the end of a session ends the stream; it may have ended before
        this.#checkSession(exchange);
        this.#responder.note(exchange, await streams.serve(exchange, entry));
        return this.#finish();
      }
      const given =
        entry.method === "GET"
          ? readQuery(exchange.query, entry.params)
          : await bodyOf(exchange, entry, this.#parts.backlog);
      // the session may have ended while the body was on its way
      this.#checkSession(exchange);
      const params = hasParameters(entry.path) ? withPathValues(exchange.path, entry, given) : given;
      const options = clientCallOptions(metaOf(exchange), exchange.id);
      this.#responder.result(exchange, entry, await broker.call<unknown, object>(entry.action, params, options));
    } catch (thrown) {
      this.#refuse(exchange, thrown);
    }
    this.#finish();
  }

  /** Throws UNAUTHORIZED when the caller's session or roles have changed since they were read. */
  #checkSession({ identity }: Exchange): void {
    if (identity && !this.#parts.sessions.isCurrent(identity)) throw refuse("UNAUTHORIZED");
  }
}

function ignore(): void {}

/** The parameters in the body, or in the query where the entry takes no body. */
async function bodyOf(
  { request, client, originKind, query }: Exchange,
  entry: HttpEntry,
  backlog: HttpBacklog,
): Promise<Readonly<Record<string, unknown>>> {
  const hold = () => backlog.holdBody(request.socket, client.key);
  const params = await readJsonBody(request, entry.bodyLimit, hold);
  if (entry.bodyLimit === 0) return readQuery(query, entry.params);
  // a browser keeps the refresh token in a cookie, and only a page of this site may use it
  if (entry.session !== "renews" || "refreshToken" in params || originKind !== "allowed") return params;
  const refreshToken = readRefreshCookie(request.headers.cookie);
  return refreshToken === undefined ? params : { ...params, refreshToken };
}
