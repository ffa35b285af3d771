import type { IncomingMessage, ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import type { TunnelEdge, TunnelResponse, TunnelStream } from "../tunnel/index.ts";
import { type HeaderLines, requestLines, responseLines, valuesOf } from "./headers.ts";
import { type PageName, page, pageCode } from "./pages.ts";
import type { EdgeFailure } from "./record.ts";
import type { ArrivedRequest, Forward } from "./request-decision.ts";
import { endResponse, sendPage, validateLines } from "./send.ts";
import type { BodySample } from "./trace.ts";
import type { UnreadResponses } from "./unread-responses.ts";

/** How an exchange with the origin ended. */
export interface ExchangeEnd {
  /** 499 where the client left first. */
  readonly status: number;
  readonly failure?: EdgeFailure;
}

export interface ExchangeContext {
  readonly tunnel: Pick<TunnelEdge, "open">;
  clock(): number;
  /** Milliseconds until the origin's response must begin. */
  readonly originTimeoutMs: number;
  readonly unread: UnreadResponses;
}

/** Why the origin's response cannot be passed on. */
class OriginFailure extends Error {
  readonly page: PageName;
  constructor(page: PageName, message: string) {
    super(message);
    this.page = page;
  }
}

const CLIENT_CLOSED: ExchangeEnd = { status: 499 };

/**
 * Sends a request through the tunnel and its response to the client, both streamed. Resolves when the response is sent,
 * or cannot be.
 */
export async function exchange(
  arrival: ArrivedRequest,
  forward: Forward,
  response: ServerResponse,
  context: ExchangeContext,
): Promise<ExchangeEnd> {
  const { request, ray, lines } = arrival;
  const body = lines.some(([name]) => name.toLowerCase() === "transfer-encoding") || contentLength(arrival) > 0;
  let stream: TunnelStream | undefined;
  const onClientClosed = () => {
    if (!response.writableFinished) stream?.destroy();
  };
  response.once("close", onClientClosed);
  try {
    stream = openStream(arrival, forward, context, body);
    const sample = arrival.trace?.requestBody;
    const originResponse = await waitForResponse(stream, context.originTimeoutMs, (postponeDeadline, fail) => {
      const to = { maxBytes: forward.maxBodyBytes, sample, postponeDeadline, fail };
      if (body && stream) upload(request, response, stream, to);
    });
    if (response.destroyed) return CLIENT_CLOSED;
    const sent = responseLines(originResponse.headers, { ray, cacheStatus: cacheStatusOf(forward) });
    checkOriginResponse(originResponse, sent);
    countResponse(forward, originResponse.status, originResponse.headers, context);
    traceResponse(arrival, sent);
    response.writeHead(originResponse.status, sent.flat());
    response.flushHeaders();
    await download(stream, response, context.unread, arrival.trace?.responseBody);
    await endResponse(request, response, context.unread);
    return { status: originResponse.status };
  } catch (error) {
    stream?.destroy();
    if (response.headersSent) {
      const cut = cutOffFailure(response);
      response.destroy(); // a response that was cut off must not look complete
      return { status: response.statusCode, ...cut };
    }
    if (response.destroyed) return CLIENT_CLOSED;
    const failure = toOriginFailure(error);
    const { status, code } = pageCode(failure.page);
    countResponse(forward, status, [], context);
    await sendPage(arrival, response, page(failure.page, arrival), context.unread);
    return { status, failure: { code, message: failure.message } };
  } finally {
    response.off("close", onClientClosed);
  }
}

/** Opens the tunnel's stream for a request. Throws OriginFailure without a connector. */
export function openStream(
  arrival: ArrivedRequest,
  forward: Forward,
  { tunnel }: Pick<ExchangeContext, "tunnel">,
  body: boolean,
  websocket = false,
): TunnelStream {
  const { tunnelId, authority, uri, facts, assertion } = forward;
  const country = facts.given?.["ip.src.country"];
  const headers = requestLines(facts.headers, {
    ip: facts.ip,
    ray: arrival.ray,
    scheme: arrival.scheme,
    ...(typeof country === "string" && { country }),
    ...(assertion !== undefined && { assertion }),
  });
  const { trace } = arrival;
  if (trace) Object.assign(trace, { forwarded: [["Host", authority], ...headers], forwardedMs: trace.elapsedMs() });
  const method = arrival.request.method ?? "";
  const stream = tunnel.open(tunnelId, { method, path: uri, host: authority, headers, body, websocket });
  if (stream) return stream;
  const hint = "start it with `npm run connector`";
  throw new OriginFailure("noConnector", `no connector is connected to tunnel ${tunnelId}; ${hint}`);
}

/** Notes the head of the origin's response as the client gets it. */
export function traceResponse({ trace }: ArrivedRequest, responseHeaders: HeaderLines): void {
  if (trace) Object.assign(trace, { responseHeaders, respondedMs: trace.elapsedMs() });
}

/**
 * Waits until the origin's response begins. `begin` gets a function that postpones the deadline, and one that ends the
 * wait with a failure.
 */
export function waitForResponse(
  stream: TunnelStream,
  timeoutMs: number,
  begin: (postponeDeadline: () => void, fail: (failure: OriginFailure) => void) => void = () => {},
): Promise<TunnelResponse> {
  return new Promise((resolve, reject) => {
    const onTimeout = () =>
      reject(new OriginFailure("originTimeout", `the origin sent nothing for ${timeoutMs / 1000} s`));
    const timer = setTimeout(onTimeout, timeoutMs);
    const settled = () => clearTimeout(timer);
    stream.response.then(resolve, reject).finally(settled);
    begin(
      () => timer.refresh(),
      (failure) => {
        settled();
        reject(failure);
      },
    );
  });
}

interface Upload {
  readonly maxBytes: number;
  readonly sample: BodySample | undefined;
  postponeDeadline(): void;
  fail(failure: OriginFailure): void;
}

/**
 * Sends the request's body through the tunnel as fast as the tunnel takes it. Not a pipeline: that would destroy the
 * client's socket when the origin responds early and stops reading, and with it the response. The rest of such a body
 * is read and dropped.
 */
function upload(request: IncomingMessage, response: ServerResponse, stream: TunnelStream, to: Upload): void {
  let received = 0;
  request.on("data", (chunk: Buffer) => {
    received += chunk.length;
    to.sample?.add(chunk);
    to.postponeDeadline();
    if (received > to.maxBytes) {
      request.removeAllListeners("data").pause();
      to.fail(new OriginFailure("tooLarge", `the body exceeds the plan's ${to.maxBytes} bytes`));
      if (response.headersSent) response.destroy();
      stream.destroy();
    } else if (stream.writable && !stream.write(chunk)) request.pause();
  });
  stream.on("drain", () => request.resume());
  stream.once("close", () => request.resume());
  request.once("end", () => stream.end());
  request.once("close", () => {
    if (!request.complete) stream.destroy();
  });
}

/**
 * Sends the response's body to the client as fast as the client reads; rejects where it is cut off. Not a pipeline:
 * that takes a response for cut off when the origin has not read the whole request.
 */
function download(
  stream: TunnelStream,
  response: ServerResponse,
  unread: UnreadResponses,
  sample: BodySample | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const rejectAsCut = () => reject(new Error("cut off"));
    if (sample) stream.on("data", (chunk: Buffer) => sample.add(chunk));
    copyToClient(stream, response, unread, { unsentBytes: () => response.socket?.writableLength ?? 0 });
    // a stream that the other side resets ends as well
    stream.once("end", () => ("rstCode" in stream && stream.rstCode ? rejectAsCut() : resolve()));
    stream.once("error", rejectAsCut).once("close", rejectAsCut);
    response.once("close", rejectAsCut);
  });
}

/**
 * Copies data from the tunnel to a client as fast as the client reads, and notes when the client stops reading.
 */
export function copyToClient(
  stream: TunnelStream,
  client: Writable,
  unread: UnreadResponses,
  socketBelow: { unsentBytes(): number } = { unsentBytes: () => 0 },
): void {
  let readAgain: (() => void) | undefined;
  const stopped = {
    unreadBytes: () => stream.readableLength + client.writableLength + socketBelow.unsentBytes(),
    disconnect: () => client.destroy(),
  };
  const resume = () => {
    readAgain?.();
    readAgain = undefined;
  };
  stream.on("data", (chunk: Buffer) => {
    if (client.write(chunk)) return;
    stream.pause();
    readAgain ??= unread.add(stopped);
  });
  client.on("drain", () => {
    resume();
    stream.resume();
  });
  client.once("close", resume);
}

function contentLength({ lines }: ArrivedRequest): number {
  return Number(valuesOf(lines, "content-length")[0] ?? 0);
}

function cacheStatusOf({ verdict }: Forward): "BYPASS" | "DYNAMIC" {
  return verdict.settings.cache === false ? "BYPASS" : "DYNAMIC";
}

/** Lets rate limits count that count responses. */
export function countResponse(
  { engine, facts, verdict }: Forward,
  status: number,
  headers: TunnelResponse["headers"],
  { clock }: Pick<ExchangeContext, "clock">,
): void {
  engine.respond(facts, verdict, { status, headers, fromCache: false, at: clock() });
}

/** Throws OriginFailure for a response that is not valid, or that only reports that the origin is down. */
export function checkOriginResponse(response: TunnelResponse, sent: readonly (readonly [string, string])[]): void {
  if (response.from === "cloudflared" && response.status === 502) {
    throw new OriginFailure(
      "badGateway",
      "cloudflared cannot reach the origin; start the gateway, or look at the ingress rules",
    );
  }
  if (response.status < 200 || response.status > 599) {
    throw new OriginFailure("badResponse", `the origin responded with status ${response.status}`);
  }
  try {
    validateLines(sent);
  } catch {
    throw new OriginFailure("badResponse", "the origin sent a header that cannot stand in HTTP/1.1");
  }
}

/** Turns an error of the tunnel into one with a page for the visitor. */
export function toOriginFailure(error: unknown): OriginFailure {
  if (error instanceof OriginFailure) return error;
  return new OriginFailure("badGateway", error instanceof Error ? error.message : String(error));
}

function cutOffFailure(response: ServerResponse): Pick<ExchangeEnd, "failure"> {
  if (response.writableFinished) return {};
  return {
    failure: {
      code: response.statusCode,
      message: "the response was cut off: the client left, or the origin's stream ended",
    },
  };
}
