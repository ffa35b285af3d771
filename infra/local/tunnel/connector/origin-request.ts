import type { ClientRequest, IncomingMessage } from "node:http";
import { type ClientHttp2Stream, constants } from "node:http2";
import type { Duplex, Readable, Writable } from "node:stream";
import { belongsToTunnel, type HeaderLine, isControlHeader } from "../wire/response-headers.ts";

/** The response of an origin, whatever version of HTTP it came with. */
export interface OriginResponse {
  readonly status: number;
  /** Without those that belong to the connection between connector and origin. */
  readonly headers: HeaderLine[];
  readonly length: string | undefined;
  readonly body: Readable;
  /** Whether a body that has ended was all that the origin meant to send. */
  isWhole(): boolean;
  /** Undefined where none can follow the body. */
  readonly trailers: (() => NodeJS.Dict<string>) | undefined;
}

/** What comes of a request to an origin: one of these. */
interface OriginEvents {
  response(response: OriginResponse): void;
  /** It is a WebSocket now; `head` are its first bytes. */
  upgrade(response: OriginResponse, socket: Duplex, head: Buffer): void;
  /** There is no response. What ends a body early shows at the body. */
  error(error: Error): void;
}

/** A request that is on its way to an origin. */
export interface RequestToOrigin {
  /** The request's body. */
  readonly body: Writable;
  /** Whether it took a connection that carried a request before, which the origin may have closed meanwhile. */
  readonly reusesConnection: boolean;
  listen(events: OriginEvents): void;
  /** Ends it, with the connection where that carries nothing else. */
  cancel(): void;
}

/** A request over HTTP/1.1. */
export function overHttp1(request: ClientRequest): RequestToOrigin {
  request.on("error", ignore);
  return {
    body: request,
    get reusesConnection() {
      return request.reusedSocket;
    },
    listen({ response, upgrade, error }) {
      request.on("error", error);
      request.once("response", (message) => {
        // an origin may respond without reading the request's body
        request.off("error", error);
        response(http1Response(message));
      });
      request.once("upgrade", (message, socket, head) => {
        request.off("error", error);
        upgrade(http1Response(message), socket, head);
      });
    },
    cancel: () => void request.destroy(),
  };
}

function http1Response(message: IncomingMessage): OriginResponse {
  const { statusCode = 0, headers, rawHeaders } = message;
  return {
    status: statusCode,
    headers: linesOf(rawHeaders).filter(([name]) => name.toLowerCase() !== "transfer-encoding"),
    length: headers["content-length"],
    body: message,
    isWhole: () => message.complete,
    trailers: headers["transfer-encoding"] === undefined ? undefined : () => trailersOf(message),
  };
}

/** Without those of one connection, for which Node's HTTP/2 throws: an origin must not be able to end the connector. */
function trailersOf({ trailers }: IncomingMessage): NodeJS.Dict<string> {
  return Object.fromEntries(Object.entries(trailers).filter(([name]) => !belongsToTunnel(name)));
}

/** A request over HTTP/2. */
export function overHttp2(stream: ClientHttp2Stream, reusesConnection: boolean): RequestToOrigin {
  stream.on("error", ignore);
  return {
    body: stream,
    reusesConnection,
    listen({ response, error }) {
      let trailers: NodeJS.Dict<string> = {};
      stream.once("trailers", (headers) => {
        trailers = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
      });
      // what is cancelled ends without an error, as when the connection is lost
      const isClosed = () => error(new Error("the origin ended the request without a response"));
      const isBroken = (reason: Error) => {
        stream.off("close", isClosed);
        error(reason);
      };
      stream.once("error", isBroken);
      stream.once("close", isClosed);
      stream.once("response", (headers, _flags, raw) => {
        stream.off("error", isBroken);
        stream.off("close", isClosed);
        const length = headers["content-length"];
        response({
          status: headers[":status"] ?? 0,
          headers: linesOf(raw).filter(([name]) => !name.startsWith(":")),
          length: length === undefined ? undefined : String(length),
          body: stream,
          // the body of a stream that is cancelled, or whose connection is lost, ends like any other
          isWhole: () => stream.rstCode === constants.NGHTTP2_NO_ERROR,
          trailers: () => trailers,
        });
      });
    },
    cancel: () => stream.close(constants.NGHTTP2_CANCEL),
  };
}

function ignore(): void {}

function linesOf(raw: readonly string[]): HeaderLine[] {
  const lines: HeaderLine[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? "";
    if (!isControlHeader(name.toLowerCase())) lines.push([name, raw[index + 1] ?? ""]);
  }
  return lines;
}
