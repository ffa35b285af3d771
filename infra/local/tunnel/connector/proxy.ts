import { constants, type ServerHttp2Stream } from "node:http2";
import type { TunnelConfiguration } from "../configuration.ts";
import { reasonOf } from "../errors.ts";
import {
  encodeHeaders,
  encodeMeta,
  type HeaderLine,
  RESPONSE_HEADERS,
  RESPONSE_META,
  UPGRADE,
} from "../wire/response-headers.ts";
import { AccessFilter } from "./access-filter.ts";
import { comparableName } from "./comparable-name.ts";
import { compileIngress, findRoute, type RequiredAccess, type Route } from "./ingress.ts";
import { decodedPath, normalizedPath, requiresAccess } from "./matched-path.ts";
import { OriginPool } from "./origin-pool.ts";
import type { OriginResponse, RequestToOrigin } from "./origin-request.ts";

/** How a proxy treats requests. */
export interface ProxyOptions {
  /**
   * Whether ingress rules that require Access see normalized paths, as with cloudflared's
   * `--disable-path-normalization=false`; false by default, as in cloudflared 2026.10.0.
   */
  readonly normalizePaths?: boolean;
  /** Where the certificates of Access are; Cloudflare's path of the team when left out. */
  readonly accessCertificates?: URL | undefined;
}

/** Carries requests from the tunnel to the origins that the current configuration names. */
export class OriginProxy {
  readonly #connectorId: string;
  readonly #log: (message: string) => void;
  readonly #normalizesPaths: boolean;
  readonly #access: AccessFilter;
  #version = -1;
  #routes: (Route & Destination)[] = [];
  /** Whether paths are normalized for the present configuration. */
  #isNormalizing = false;
  #requests = 0;
  #errors = 0;

  constructor(
    connectorId: string,
    log: (message: string) => void,
    { normalizePaths = false, accessCertificates }: ProxyOptions,
  ) {
    this.#connectorId = connectorId;
    this.#log = log;
    this.#normalizesPaths = normalizePaths;
    this.#access = new AccessFilter(accessCertificates, log);
    this.#apply({});
  }

  /** Version of the configuration in use; -1 before the first. */
  get version(): number {
    return this.#version;
  }

  get requests(): number {
    return this.#requests;
  }

  /** Requests without a response of the origin. */
  get errors(): number {
    return this.#errors;
  }

  /**
   * Takes a configuration whose version is above the current one; returns why, where it cannot. Requests in flight go
   * on.
   */
  configure(version: number, config: TunnelConfiguration): string | undefined {
    if (version <= this.#version) return undefined;
    const problem = this.#apply(config);
    if (problem === undefined) this.#version = version;
    else this.#log(`Version ${version} of the tunnel's configuration is not used, the one before goes on: ${problem}`);
    return problem;
  }

  #apply(config: TunnelConfiguration): string | undefined {
    const compiled = compileIngress(config);
    if (!compiled.ok) return compiled.message;
    this.closeIdle();
    this.#access.setTeams(compiled.routes.flatMap(({ access }) => access?.team ?? []));
    this.#routes = compiled.routes.map((route) => ({ ...route, ...destinationOf(route) }));
    this.#isNormalizing = this.#normalizesPaths && requiresAccess(config);
    return undefined;
  }

  /** Closes idle connections to the origins. */
  closeIdle(): void {
    for (const route of this.#routes) if ("pool" in route) route.pool.closeIdle();
  }

  /** Serves one stream of the tunnel; `raw` is the request's header block, names and values in turn. */
  serve(stream: ServerHttp2Stream, raw: readonly string[]): void {
    this.#requests += 1;
    stream.on("error", ignore);
    const request = readRequest(raw);
    const path = decodedPath(request.target);
    const matched = path !== undefined && this.#isNormalizing ? normalizedPath(path) : path;
    const route = matched === undefined ? undefined : findRoute(this.#routes, request.host, matched);
    if (!route) respondItself(stream, path === undefined ? 400 : 502);
    else if (route.access) void this.#checkAccess(stream, request, { ...route, access: route.access });
    else this.#pass(stream, request, route);
  }

  /** Passes a request whose assertion is accepted. Its body waits meanwhile. */
  async #checkAccess(
    stream: ServerHttp2Stream,
    request: TunnelledRequest,
    route: Route & Destination & { readonly access: RequiredAccess },
  ): Promise<void> {
    const checked = await this.#access.check(route.access, request.headers);
    if (stream.destroyed) return;
    if ("headers" in checked) return this.#pass(stream, { ...request, headers: checked.headers }, route);
    if (checked.refusal === 403) respond(stream, 403, []);
    else respondItself(stream, checked.refusal);
    stream.resume(); // the rest of a request body that no origin reads
  }

  #pass(stream: ServerHttp2Stream, request: TunnelledRequest, route: Route & Destination): void {
    if ("pool" in route) this.#forward(stream, request, route.pool, route.settings.httpHostHeader ?? request.host);
    else respond(stream, route.status, []);
  }

  #forward(stream: ServerHttp2Stream, request: TunnelledRequest, pool: OriginPool, host: string): void {
    const { method, target: path, websocket } = request;
    const headers: readonly HeaderLine[] = [...request.headers, ["cf-warp-tag-id", this.#connectorId]];
    const hasBody = !(stream.readableEnded || stream.endAfterHeaders || websocket);
    const attempt = async (again: boolean): Promise<void> => {
      try {
        const upstream = await pool.request({ method, path, host, headers, websocket, hasBody });
        if (stream.destroyed) return upstream.cancel();
        this.#relay(stream, upstream, (error) => {
          // An idle connection may have been closed by the origin a moment ago; Go's client tries again as well.
          if (again && !hasBody && upstream.reusesConnection && SAFE_METHODS.has(method)) void attempt(false);
          else this.#fail(stream, error);
        });
        if (!hasBody) upstream.body.end();
        else {
          stream.pipe(upstream.body, { end: false });
          // a body that was cut must not look like a whole one
          stream.once("end", () => (stream.aborted ? upstream.cancel() : upstream.body.end()));
        }
      } catch (error) {
        // also a request that cannot be written, for a header that HTTP does not allow
        this.#fail(stream, error);
      }
    };
    void attempt(true);
  }

  #relay(stream: ServerHttp2Stream, upstream: RequestToOrigin, failed: (error: Error) => void): void {
    const cancel = () => upstream.cancel();
    stream.once("close", cancel);
    upstream.listen({
      error(error) {
        stream.off("close", cancel);
        failed(error);
      },
      response(response) {
        // The rest of a body that the origin did not read is not sent (RFC 9113 8.1). A connection of HTTP/1.1 is not
        // used again: the origin would take the next request, perhaps another visitor's, for the rest of this body.
        stream.once("finish", () => {
          if (stream.endAfterHeaders || stream.readableEnded) return;
          upstream.cancel();
          stream.close(constants.NGHTTP2_NO_ERROR);
        });
        relayResponse(stream, response);
      },
      upgrade({ headers }, socket, head) {
        socket.on("error", () => stream.destroy());
        if (stream.destroyed) {
          socket.destroy();
          return;
        }
        respond(stream, 200, headers, { open: true });
        if (head.length > 0) stream.write(head);
        socket.pipe(stream).pipe(socket);
        socket.once("close", () => stream.end());
        stream.once("close", () => socket.destroy());
      },
    });
  }

  #fail(stream: ServerHttp2Stream, error: unknown): void {
    if (stream.destroyed) return;
    this.#errors += 1;
    this.#log(`Unable to reach the origin service. The service may be down or not responding: ${reasonOf(error)}`);
    stream.resume(); // the rest of a request body that no origin reads
    respondItself(stream, 502);
  }
}

/** Where a route's requests end: a response of our own, or connections to an origin. */
type Destination = { readonly status: number } | { readonly pool: OriginPool };

function destinationOf({ service, settings }: Route): Destination {
  return service.kind === "status" ? { status: service.status } : { pool: new OriginPool(service, settings) };
}

const SAFE_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

interface TunnelledRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly headers: readonly HeaderLine[];
  readonly websocket: boolean;
}

function ignore(): void {}

/** A header for the local edge alone, which removes it; what comes with it over another edge is a client's own. */
const LOCAL_VISITOR = "local-visitor";

function readRequest(raw: readonly string[]): TunnelledRequest {
  const headers: HeaderLine[] = [];
  const pseudo = new Map<string, string>();
  let websocket = false;
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? "").toLowerCase();
    const value = raw[index + 1] ?? "";
    if (name.startsWith(":")) pseudo.set(name, value);
    else if (name === UPGRADE) websocket = value === "websocket";
    else if (name !== "host" && comparableName(name) !== LOCAL_VISITOR) headers.push([name, value]);
  }
  return {
    method: pseudo.get(":method") ?? "GET",
    target: pseudo.get(":path") ?? "/",
    host: pseudo.get(":authority") ?? "",
    // Headers that the connector sets itself for a WebSocket must not be there twice.
    headers: websocket
      ? headers.filter(([name]) => name !== "sec-websocket-version" && name !== "content-length")
      : headers,
    websocket,
  };
}

function relayResponse(stream: ServerHttp2Stream, response: OriginResponse): void {
  const { status, headers, length, body, trailers } = response;
  // Node's HTTP/2 throws for what is no status of HTTP, and an origin must not be able to end the connector.
  if (status < 200 || status > 599) {
    body.destroy();
    respondItself(stream, 502);
    return;
  }
  respond(stream, status, headers, { open: true, trailers, length });
  // a body that was cut must not look like a whole one
  const cut = () => stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  body.once("error", cut);
  body.once("end", () => (response.isWhole() ? stream.end() : cut()));
  body.once("close", () => body.readableEnded || cut());
  if (stream.destroyed) body.destroy();
  else body.pipe(stream, { end: false });
}

/** Responds as the origin, or as an `http_status` rule, would. */
function respond(
  stream: ServerHttp2Stream,
  status: number,
  headers: HeaderLine[],
  options: { open?: boolean; length?: string | undefined; trailers?: (() => NodeJS.Dict<string>) | undefined } = {},
): void {
  if (stream.destroyed || stream.closed) return;
  const { open = false, length, trailers } = options;
  const block: Record<string, string | number> = {
    ":status": status,
    [RESPONSE_HEADERS]: encodeHeaders(headers),
    [RESPONSE_META]: encodeMeta("origin"),
  };
  if (length !== undefined) block["content-length"] = length;
  if (trailers) stream.once("wantTrailers", () => stream.sendTrailers(trailers()));
  stream.respond(block, { endStream: !open, waitForTrailers: trailers !== undefined });
}

/** Responds as the connector itself. */
function respondItself(stream: ServerHttp2Stream, status: number): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  stream.respond({ ":status": status, [RESPONSE_META]: encodeMeta("cloudflared") }, { endStream: true });
}
