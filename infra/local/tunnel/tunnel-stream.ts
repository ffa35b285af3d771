import { type ClientHttp2Session, type ClientHttp2Stream, constants, type IncomingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { reasonOf, TunnelError } from "./errors.ts";
import {
  belongsToTunnel,
  decodeHeaders,
  decodeMeta,
  type HeaderLine,
  isHeaderLine,
  RESPONSE_HEADERS,
  RESPONSE_META,
  type ResponseSource,
  UPGRADE,
} from "./wire/response-headers.ts";

/** A visitor's request as the edge sends it down the tunnel. */
export interface TunnelRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly host: string;
  /** The headers for the origin; headers of one hop and those of the tunnel itself are left out. */
  readonly headers: Iterable<HeaderLine>;
  /** The request is to open a WebSocket; the stream then carries its frames. */
  readonly websocket?: boolean;
  /** Whether a body follows on the stream. */
  readonly body: boolean;
}

/** What came back for a request, before its body. */
export interface TunnelResponse {
  /** 101 when a WebSocket was accepted. */
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly from: ResponseSource;
}

/** One request in the tunnel: write the request's body and read the response's (raw WebSocket frames after a 101), with
 * backpressure both ways. `destroy()` cancels it on the other side. */
export interface TunnelStream extends Duplex {
  /** Rejects with a TunnelError when the connection is lost before, or the response is not valid. */
  readonly response: Promise<TunnelResponse>;
  /** Trailers of the response; empty without any. Settles when the stream closes and never rejects. */
  readonly trailers: Promise<readonly HeaderLine[]>;
}

/** Opens a stream for a request; throws BAD_REQUEST for one that HTTP/2 cannot carry, such as a CONNECT. */
export function openTunnelStream(session: ClientHttp2Session, request: TunnelRequest): TunnelStream {
  const stream = start(session, request);
  // The user of the stream sees errors through `response` and `close`; one after both must not end the process.
  stream.on("error", ignore);
  const response = new Promise<TunnelResponse>((resolve, reject) => {
    const onClose = () =>
      reject(new TunnelError("STREAM_LOST", "The connection to the connector ended before the response."));
    stream.once("close", onClose);
    stream.once("response", (headers) => {
      stream.off("close", onClose);
      const read = readResponse(headers, request.websocket === true);
      if (read) return resolve(read);
      reject(new TunnelError("BAD_RESPONSE", "The connector's response is not one of the tunnel protocol."));
      stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
    });
  });
  response.catch(ignore);
  const trailers = new Promise<readonly HeaderLine[]>((resolve) => {
    stream.once("trailers", (headers) => resolve(linesOf(headers)));
    stream.once("close", () => resolve([]));
  });
  return Object.assign(stream, { response, trailers });
}

function ignore(): void {}

function start(session: ClientHttp2Session, request: TunnelRequest): ClientHttp2Stream {
  try {
    return session.request(requestHeaders(request), { endStream: !request.body && !request.websocket });
  } catch (error) {
    throw new TunnelError("BAD_REQUEST", `This request cannot be sent down the tunnel: ${reasonOf(error)}.`, error);
  }
}

function requestHeaders(request: TunnelRequest): string[] {
  const headers = [":method", request.method, ":scheme", "https", ":authority", request.host, ":path", request.path];
  if (request.websocket) headers.push(UPGRADE, "websocket");
  for (const line of request.headers) {
    const name = line[0].toLowerCase();
    if (name !== "host" && !belongsToTunnel(name) && isHeaderLine(line)) headers.push(name, line[1]);
  }
  return headers;
}

function readResponse(headers: IncomingHttpHeaders, websocket: boolean): TunnelResponse | undefined {
  const from = decodeMeta(textOf(headers[RESPONSE_META]));
  const lines = decodeHeaders(textOf(headers[RESPONSE_HEADERS]) ?? "");
  const status = Number(headers[":status"]);
  if (!lines || !(status >= 200 && status <= 999)) return undefined;
  const accepted = websocket && status === 200 && lines.some(([name]) => name.toLowerCase() === "sec-websocket-accept");
  return { status: accepted ? 101 : status, headers: lines.filter(([name]) => !belongsToTunnel(name)), from };
}

function linesOf(headers: IncomingHttpHeaders): HeaderLine[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    belongsToTunnel(name) ? [] : [value ?? []].flat().map((text): HeaderLine => [name, text]),
  );
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : value?.[0];
}
