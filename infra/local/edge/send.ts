import {
  type IncomingMessage,
  type ServerResponse,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import type { Duplex } from "node:stream";
import { edgeLines, type HeaderLines } from "./headers.ts";
import type { EdgePage } from "./pages.ts";
import type { ArrivedRequest } from "./request-decision.ts";
import type { RequestTrace } from "./trace.ts";
import type { UnreadResponses } from "./unread-responses.ts";

/** The request that a page responds to. */
type PageRequest = Pick<ArrivedRequest, "ray" | "trace">;

function tracePage(trace: RequestTrace, { body }: EdgePage, responseHeaders: HeaderLines): void {
  Object.assign(trace, { responseHeaders });
  trace.responseBody.add(Buffer.from(body));
}

/** The header lines of a page, with those of every response of the edge. */
function linesOfPage({ headers, body }: EdgePage, ray: string, close: boolean): [string, string][] {
  return [
    ...headers.map(([name, value]): [string, string] => [name, value]),
    ["Content-Length", String(Buffer.byteLength(body))],
    ...edgeLines(ray),
    ...(close ? [["Connection", "close"] as [string, string]] : []),
  ];
}

/**
 * How long the rest of an unwanted body is read and dropped, milliseconds: `idle` without a byte, `total` in all.
 */
const LINGER_MS = { idle: 500, total: 10_000 };

/**
 * Ends a response whose body was written. Where the client is still sending, what comes is read and dropped for a
 * while: closing at once would reset the connection, and the client would lose the response with it (RFC 9112, 9.6).
 * Resolves when the client has everything or is gone.
 */
export async function endResponse(
  request: IncomingMessage,
  response: ServerResponse,
  unread: UnreadResponses,
): Promise<void> {
  if (isSending(request)) await dropBody(request, response);
  if (response.destroyed) return;
  const { socket } = response;
  await new Promise<void>((resolve) => {
    response.once("close", resolve);
    response.end();
    const unreadBytes = () => response.writableLength + (socket?.writableLength ?? 0);
    if (unreadBytes() === 0) return; // as nearly always: the kernel has taken it
    const readAgain = unread.add({ unreadBytes, disconnect: () => response.destroy() });
    response.once("close", readAgain);
  });
}

function dropBody(request: IncomingMessage, response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(idle);
      clearTimeout(total);
      resolve();
    };
    const idle = setTimeout(over, LINGER_MS.idle);
    const total = setTimeout(over, LINGER_MS.total);
    request.on("data", () => idle.refresh());
    request.once("end", over).once("close", over);
    response.once("close", over);
    request.resume();
  });
}

/**
 * Whether a request announces a body; `complete` is false even for those without one while their headers are handled.
 */
function isSending({ headers, complete }: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  return !complete && (encoding !== undefined || (length !== undefined && length !== "0"));
}

/**
 * Responds with a page. Where the request's body was not read, the connection ends: the next bytes on it are that body.
 */
export async function sendPage(
  { request, ray, trace }: PageRequest & Pick<ArrivedRequest, "request">,
  response: ServerResponse,
  page: EdgePage,
  unread: UnreadResponses,
): Promise<void> {
  const lines = linesOfPage(page, ray, page.close === true || isSending(request));
  if (trace) tracePage(trace, page, lines);
  response.writeHead(page.status, lines.flat());
  if (request.method === "HEAD") response.flushHeaders();
  else response.write(page.body);
  await endResponse(request, response, unread);
}

/** Responds with a page on a bare socket, and ends it. */
export function sendRawPage(socket: Duplex, page: EdgePage, { ray, trace }: PageRequest): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const lines = linesOfPage(page, ray, true);
  if (trace) tracePage(trace, page, lines);
  socket.end(Buffer.concat([rawHead(page.status, lines), Buffer.from(page.body)]));
  // A client that keeps its half open would hold the connection. What it still sends is dropped, so that it can read
  // the page.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS.idle);
  socket.once("close", () => clearTimeout(timer));
}

/** Status line and header lines as bytes. Throws where a line would break the framing. */
export function rawHead(status: number, lines: HeaderLines): Buffer {
  validateLines(lines);
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n${text}\r\n`, "latin1");
}

/** Throws where a name or value is not allowed in HTTP/1.1. */
export function validateLines(lines: HeaderLines): void {
  for (const [name, value] of lines) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
}
