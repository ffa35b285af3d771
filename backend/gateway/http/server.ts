import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { CODES, type Code } from "../../contract/index.ts";
import { GatewayResponse } from "../internals/usual-head.ts";
import { SERVER_TIMES, type ServerTimes } from "../limits/server-times.ts";
import { closeAfterReading, isClosing } from "./closing.ts";
import { errorBody } from "./error-body.ts";
import { apiHeaders } from "./headers.ts";

/** Makes an HTTP server with timeouts for slow clients. Malformed requests get an error body like all others. */
export function createHttpServer(
  onRequest: RequestListener<typeof IncomingMessage, typeof GatewayResponse>,
  times: ServerTimes = SERVER_TIMES,
): Server {
  const server = createServer(
    {
      ServerResponse: GatewayResponse,
      headersTimeout: times.headersMs,
      requestTimeout: times.requestMs,
      keepAliveTimeout: times.keepAliveMs,
      connectionsCheckingInterval: times.checkIntervalMs,
      maxHeaderSize: 16 * 1024,
      insecureHTTPParser: false,
      // a request whose head announces no body has none (RFC 9112 6.3): its stream has ended from the start
      optimizeEmptyRequests: true,
      requireHostHeader: false, // Node.js would refuse with an empty 400; handler.ts refuses with an error body
      // the values of a header that may occur only once are joined, and then refused; Node.js would keep the first one
      joinDuplicateHeaders: true,
    },
    onRequest,
  );
  server.maxHeadersCount = 100;
  server.on("clientError", (error: Error & { code?: string }, socket: Duplex) => {
    if (isClosing(socket)) return;
    if (error.code === "ECONNRESET") socket.destroy();
    else refuseRaw(socket, CODES_OF_CLIENT_ERRORS[error.code ?? ""] ?? "BAD_REQUEST");
  });
  // an unknown expectation may be ignored (RFC 9110 10.1.1); Node.js would send an empty 417
  server.on("checkExpectation", onRequest);
  // sent when the body is read: the client does not send a body that is refused (RFC 9110 10.1.1)
  server.on("checkContinue", (request: IncomingMessage, response: GatewayResponse) => {
    request.once("resume", () => {
      if (!response.headersSent) response.writeContinue();
    });
    onRequest(request, response);
  });
  // without a listener Node.js would close the connection of a CONNECT without a response
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => refuseRaw(socket, "NOT_FOUND"));
  return server;
}

/** An address to listen on, the name of the server for messages, and the environment variable of its port. */
export interface ListenPlace {
  readonly what: string;
  readonly host: string;
  readonly port: number;
  readonly variable: string;
}

/** The address to listen on cannot be used. */
class PortError extends Error {
  constructor({ what, host, port, variable }: ListenPlace, cause: NodeJS.ErrnoException) {
    const reasons: Readonly<Record<string, string>> = {
      EADDRINUSE: "something else listens there",
      EACCES: "this user may not",
      EADDRNOTAVAIL: "this machine does not have that address",
    };
    const reason = reasons[cause.code ?? ""] ?? cause.code;
    const advice = `Stop the other one or set ${variable} to a free port.`;
    super(`The ${what} cannot listen on ${host} port ${port}: ${reason}. ${advice}`, { cause });
    this.name = "PortError";
  }
}

/**
 * Maximum number of connections that wait in the kernel until they are accepted; Linux lowers it to
 * `net.core.somaxconn`. Above it the kernel drops the first packet of a connection, and the client repeats it after 1 s
 * (RFC 6298 2.1). With Node's default of 511, clients that all reconnect after a restart would lose that second.
 */
const MAX_UNACCEPTED_CONNECTIONS = 4_096;

/** Listens, and returns the port. Throws a PortError. */
export async function listen(server: Server, place: ListenPlace): Promise<number> {
  server.listen({ port: place.port, host: place.host, backlog: MAX_UNACCEPTED_CONNECTIONS });
  try {
    await once(server, "listening");
  } catch (error) {
    throw new PortError(place, error as NodeJS.ErrnoException);
  }
  return (server.address() as AddressInfo).port;
}

const CODES_OF_CLIENT_ERRORS: Readonly<Record<string, Code>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "TIMEOUT",
  HPE_HEADER_OVERFLOW: "HEADERS_TOO_LARGE",
  HPE_CHUNK_EXTENSIONS_OVERFLOW: "PAYLOAD_TOO_LARGE",
};

/** Writes a refusal to a connection that has no response object, and closes the connection. */
export function refuseRaw(socket: Duplex, code: Code, retryAfter?: number): void {
  socket.on("error", () => undefined);
  if (!socket.writable) return void socket.destroy();
  // a parser that has failed would fail again with every byte that still arrives
  socket.removeAllListeners("data").on("data", () => undefined);
  socket.end(rawRefusal(code, retryAfter));
  closeAfterReading(socket);
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  413: "Content Too Large",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  503: "Service Unavailable",
};

function rawRefusal(code: Code, retryAfter?: number): string {
  const [status, message] = CODES[code];
  const body = errorBody({ status, code, message });
  const headers = Object.entries({
    ...apiHeaders,
    ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
    connection: "close",
    "content-length": String(Buffer.byteLength(body)),
  });
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return [`HTTP/1.1 ${status} ${REASONS[status] ?? "Refused"}`, ...lines, "", body].join("\r\n");
}
