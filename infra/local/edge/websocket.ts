import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { TunnelResponse, TunnelStream } from "../tunnel/index.ts";
import {
  checkOriginResponse,
  copyToClient,
  countResponse,
  type ExchangeContext,
  type ExchangeEnd,
  openStream,
  toOriginFailure,
  traceResponse,
  waitForResponse,
} from "./exchange.ts";
import { edgeLines, responseLines } from "./headers.ts";
import { page, pageCode } from "./pages.ts";
import type { ArrivedRequest, Forward } from "./request-decision.ts";
import { rawHead, sendRawPage } from "./send.ts";
import type { UnreadResponses } from "./unread-responses.ts";

/** How long a socket may stay open in one direction only, milliseconds. */
const HALF_OPEN_MS = 5_000;

/** Whether a request is to open a WebSocket (RFC 6455, 4.1). Any other upgrade is ignored, as RFC 9110 allows. */
export function isWebSocketRequest(request: IncomingMessage): boolean {
  const { upgrade, connection } = request.headers;
  return (
    request.method === "GET" &&
    request.httpVersion === "1.1" &&
    upgrade?.toLowerCase() === "websocket" &&
    (connection ?? "").split(",").some((token) => token.trim().toLowerCase() === "upgrade") &&
    request.headers["content-length"] === undefined &&
    request.headers["transfer-encoding"] === undefined
  );
}

/** Opens a WebSocket through the tunnel and relays its frames untouched until one side ends. */
export async function relayWebSocket(
  arrival: ArrivedRequest,
  forward: Forward,
  client: { readonly socket: Duplex; readonly head: Buffer },
  context: ExchangeContext,
): Promise<ExchangeEnd> {
  const { socket, head } = client;
  const { ray } = arrival;
  let stream: TunnelStream | undefined;
  const onClientClosed = () => stream?.destroy();
  socket.once("close", onClientClosed);
  try {
    stream = openStream(arrival, forward, context, false, true);
    const originResponse = await waitForResponse(stream, context.originTimeoutMs);
    if (socket.destroyed) return { status: 499 };
    const accepted = originResponse.status === 101;
    const lines = accepted ? upgradeLines(originResponse, ray) : refusalLines(originResponse, ray);
    checkOriginResponse(accepted ? { ...originResponse, status: 200 } : originResponse, lines);
    countResponse(forward, originResponse.status, originResponse.headers, context);
    traceResponse(arrival, lines);
    socket.write(rawHead(originResponse.status, lines));
    if (head.length > 0) stream.write(head);
    await relay(socket, stream, accepted, context.unread);
    return { status: originResponse.status };
  } catch (error) {
    stream?.destroy();
    if (socket.destroyed) return { status: 499 };
    const failure = toOriginFailure(error);
    const { status, code } = pageCode(failure.page);
    countResponse(forward, status, [], context);
    sendRawPage(socket, page(failure.page, arrival), arrival);
    return { status, failure: { code, message: failure.message } };
  } finally {
    socket.off("close", onClientClosed);
  }
}

function upgradeLines({ headers }: TunnelResponse, ray: string): [string, string][] {
  const own = new Set(["connection", "upgrade", "content-length", "transfer-encoding", "server", "cf-ray"]);
  const kept = headers.filter(([name]) => !own.has(name.toLowerCase()));
  return [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ...kept.map(([name, value]): [string, string] => [name, value]),
    ...edgeLines(ray),
  ];
}

function refusalLines({ headers }: TunnelResponse, ray: string): [string, string][] {
  return [...responseLines(headers, { ray, cacheStatus: "DYNAMIC" }), ["Connection", "close"]];
}

/** Copies bytes both ways as fast as the receiving side reads. Resolves when both are closed. */
function relay(socket: Duplex, stream: TunnelStream, bothWays: boolean, unread: UnreadResponses): Promise<void> {
  return new Promise((resolve) => {
    let grace: NodeJS.Timeout | undefined;
    let over = false;
    const end = () => {
      over = true;
      clearTimeout(grace);
      socket.destroy();
      stream.destroy();
    };
    const halfOpen = () => {
      if (!over) grace ??= setTimeout(end, HALF_OPEN_MS);
    };
    copyToClient(stream, socket, unread);
    stream.once("end", () => socket.end());
    if (bothWays) socket.pipe(stream);
    else socket.resume();
    socket.once("end", halfOpen).once("error", end);
    stream
      .once("end", halfOpen)
      .once("error", end)
      .once("close", () => {
        socket.end();
        halfOpen();
      });
    socket.once("close", () => {
      end();
      resolve();
    });
  });
}
