import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { AccessImitation } from "../access/index.ts";
import { arrivalOf, decideRequest } from "./decide-request.ts";
import { type DeploymentProblem, Deployments } from "./deployments.ts";
import { resolve } from "./dns.ts";
import { type ExchangeContext, type ExchangeEnd, exchange } from "./exchange.ts";
import { IntroducedClients } from "./introduced-clients.ts";
import { type EdgeTimeouts, MAX_UNREAD_BYTES, MAX_WEBSOCKETS, TURN_LIMITS } from "./limits.ts";
import type { EdgeOptions } from "./options.ts";
import { page, statusPage } from "./pages.ts";
import { readForm } from "./read-form.ts";
import type { EdgeFailure, RequestRecord } from "./record.ts";
import type { ArrivedRequest, LocalResponse, RequestDecision } from "./request-decision.ts";
import { RequestTurns } from "./request-turns.ts";
import { sendPage, sendRawPage } from "./send.ts";
import { RequestTrace } from "./trace.ts";
import { UnreadResponses } from "./unread-responses.ts";
import { isWebSocketRequest, relayWebSocket } from "./websocket.ts";

const DEFAULT_COLO = "LCL";

/** What the edge's server does with what clients send. No method throws, whatever that is. */
export class EdgeListener {
  /** Connections of this program itself. */
  readonly introduced = new IntroducedClients();
  readonly #options: EdgeOptions;
  readonly #deployments: Deployments;
  readonly #access: AccessImitation;
  readonly #context: ExchangeContext;
  readonly #clock: () => number;
  readonly #idleMs: number;
  readonly #sockets = new Set<Duplex>();
  /** Connections that count as plain HTTP; all others count as TLS. */
  readonly #plainHttp = new WeakSet<Duplex>();
  readonly #turns = new RequestTurns(TURN_LIMITS);
  readonly #unread: UnreadResponses;

  constructor(options: EdgeOptions, timeouts: EdgeTimeouts) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#idleMs = timeouts.idleMs;
    this.#access = new AccessImitation(() => options.cloud.accessAccounts());
    this.#deployments = new Deployments((problem) => this.#report(problem));
    this.#unread = new UnreadResponses({
      deadlineMs: timeouts.readingMs,
      totalBytes: options.maxUnreadBytes ?? MAX_UNREAD_BYTES,
      intervalMs: Math.max(20, Math.min(250, timeouts.readingMs / 4)),
    });
    const { tunnel } = options;
    this.#context = { tunnel, clock: this.#clock, originTimeoutMs: timeouts.originMs, unread: this.#unread };
  }

  /** Compiles what has changed, so that a problem is reported at the change and not at the next request. */
  redeploy(): void {
    for (const name of this.#deployments.zones) {
      const zone = this.#options.cloud.zoneOf(name);
      if (zone) this.#deployments.engineOf(zone);
    }
  }

  /** Makes Access sign with a new key; the one before is still accepted. */
  rotateAccessKeys(): void {
    this.#access.rotateKeys();
  }

  /** Marks a connection: its requests count as plain HTTP. */
  markPlainHttp(socket: Socket): void {
    this.#plainHttp.add(socket);
  }

  /** Responds to an HTTP request once the response to the one before it on its connection is sent. */
  serve(request: IncomingMessage, response: ServerResponse, expectsContinue = false): void {
    response.on("error", () => response.destroy());
    request.on("error", () => {});
    this.#turns.take(request, response, () => {
      const { socket } = request;
      const arrival = this.#arrival(request, socket);
      void this.#decideAndRespond(arrival, socket, async (decision) => {
        if (decision.kind !== "respond" && expectsContinue) response.writeContinue();
        const own = decision.kind === "form" ? decision.finish(await readForm(request, decision.maxBytes)) : decision;
        if (own.kind === "respond") {
          await sendPage(arrival, response, own.page, this.#unread);
          return { status: own.page.status, ...failureOf(own) };
        }
        return exchange(arrival, own, response, this.#context);
      });
    });
  }

  /** `Expect` with anything but 100-continue (RFC 9110, 10.1.1). */
  refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
    const arrival = this.#arrival(request, request.socket);
    this.#turns.take(request, response, () => {
      void sendPage(arrival, response, page("badExpectation", arrival), this.#unread);
    });
  }

  /**
   * Whether a request is upgraded from HTTP: to a WebSocket, where the zone's `websockets` setting allows them. One
   * that was sent before the response to an earlier request is served as plain HTTP: its frames would be written into
   * that response.
   */
  acceptsUpgrade(request: IncomingMessage): boolean {
    if (!isWebSocketRequest(request) || this.#turns.isBusy(request.socket)) return false;
    const route = resolve(this.#options.cloud, (request.headers.host ?? "").replace(/:\d*$/, ""));
    return !("zone" in route) || route.zone.settings.websockets !== "off";
  }

  /** Opens a WebSocket, or refuses it. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const arrival = this.#arrival(request, request.socket);
    socket.on("error", () => socket.destroy());
    request.socket.setTimeout(this.#idleMs, () => socket.destroy()); // the server's own ends with HTTP
    const full = this.#sockets.size >= (this.#options.maxWebSockets ?? MAX_WEBSOCKETS);
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    void this.#decideAndRespond(arrival, socket, async (decision) => {
      if (decision.kind === "form") throw new Error("invariant: a handshake has no form");
      if (decision.kind === "respond") {
        sendRawPage(socket, decision.page, arrival);
        return { status: decision.page.status, ...failureOf(decision) };
      }
      if (full) {
        sendRawPage(socket, page("tooManySockets", arrival), arrival);
        return { status: 503, failure: { code: 503, message: `${this.#sockets.size - 1} WebSockets are open` } };
      }
      return relayWebSocket(arrival, decision, { socket, head }, this.#context);
    });
  }

  /** Refuses bytes that Node's parser rejects, or that came too slowly. */
  clientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
    if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
    else if (this.#turns.isBusy(socket)) (socket as Socket).destroySoon();
    else this.malformed(socket, status);
  }

  /** Refuses what is not a request for a site, with a page of the status alone. */
  malformed(socket: Duplex, status: number, request?: IncomingMessage): void {
    const ray = this.#ray();
    const time = this.#clock();
    socket.on("error", () => socket.destroy());
    const trace = this.#trace();
    sendRawPage(socket, statusPage(status, { ray, time, accept: "", host: "" }), { ray, ...(trace && { trace }) });
    const record: RequestRecord = {
      time,
      ray,
      client: addressOf(socket as Socket),
      method: request?.method ?? "",
      host: "",
      path: "",
      status,
      durationMs: 0,
      failure: { code: status, message: "the request is malformed, too large or too slow" },
    };
    this.#over(record, trace);
  }

  /** Refuses CONNECT, which is for forward proxies. */
  refuseConnect(request: IncomingMessage, socket: Duplex): void {
    if (this.#turns.isBusy(socket)) (socket as Socket).destroySoon();
    else this.malformed(socket, 405, request);
  }

  /** Ends the WebSockets. */
  close(): void {
    this.#unread.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Decides, responds, and records the outcome. A bug of ours ends this one connection. */
  async #decideAndRespond(
    arrival: ArrivedRequest,
    socket: Duplex,
    respond: (decision: RequestDecision) => Promise<ExchangeEnd>,
  ): Promise<void> {
    let decision: RequestDecision | undefined;
    let outcome: ExchangeEnd;
    try {
      decision = decideRequest(arrival, this.#options, this.#deployments, this.#access);
      outcome = await respond(decision);
    } catch (error) {
      socket.destroy();
      const message = `the edge failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
      outcome = { status: 500, failure: { code: 500, message } };
    }
    const { ray, time, request, trace } = arrival;
    const record: RequestRecord = {
      time,
      ray,
      client: decision?.client ?? arrival.client,
      method: request.method ?? "",
      host: decision?.host ?? "",
      path: decision?.path ?? "",
      ...(decision?.verdict && { verdict: decision.verdict }),
      ...outcome,
      durationMs: this.#clock() - time,
    };
    this.#over(record, trace);
  }

  #trace(): RequestTrace | undefined {
    return this.#options.onTrace ? new RequestTrace() : undefined;
  }

  #over(record: RequestRecord, trace: RequestTrace | undefined): void {
    this.#options.onRequest?.(record);
    if (trace) this.#options.onTrace?.(record, trace);
  }

  #arrival(request: IncomingMessage, socket: Socket): ArrivedRequest {
    const colo = this.#options.colo ?? DEFAULT_COLO;
    const scheme: ArrivedRequest["scheme"] = this.#plainHttp.has(socket) ? "http" : "https";
    const { visitor, repeats } = this.introduced.of(socket) ?? {};
    const trace = this.#trace();
    if (trace && repeats !== undefined) trace.repeats = repeats;
    const seen = { ray: this.#ray(), client: addressOf(socket), time: this.#clock(), colo, scheme };
    return arrivalOf(request, { ...seen, ...(trace && { trace }), ...(visitor && { visitor }) });
  }

  /** https://developers.cloudflare.com/fundamentals/reference/cloudflare-ray-id/ */
  #ray(): string {
    return `${randomBytes(8).toString("hex")}-${this.#options.colo ?? DEFAULT_COLO}`;
  }

  #report(problem: DeploymentProblem): void {
    this.#options.onProblem?.(problem);
  }
}

function failureOf({ failure }: LocalResponse): { readonly failure?: EdgeFailure } {
  return failure ? { failure } : {};
}

/** A client's address as Cloudflare writes it: without a zone id, and an IPv4 address not in its IPv6 form. */
function addressOf({ remoteAddress }: Pick<Socket, "remoteAddress">): string {
  return (remoteAddress ?? "0.0.0.0").replace(/%.*$/, "").replace(/^::ffff:(?=\d+\.)/i, "");
}
