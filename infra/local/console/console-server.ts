import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { ApiResponse } from "./api-response.ts";
import { ConsoleApi } from "./console-api.ts";
import { pathOf, refusalOf } from "./console-guard.ts";
import type { ConsoleOptions } from "./console-server-options.ts";
import { ConsoleSession } from "./console-session.ts";

/** A running console. */
export interface RunningConsole {
  /** With the token that opens it once. */
  readonly address: string;
  /** Says that the rules are deployed anew: requests can be judged by those of before. */
  beginEdit(): void;
  close(): Promise<void>;
}

/** Captured text is data: nothing in it may run, load or lead anywhere. */
const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};
/** Bytes of request line and headers. */
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 64;
/** Bytes of the JSON of an action: a body of 64 KiB has more in base64, and with escapes. */
const MAX_ACTION_BYTES = 512 * 1024;
/** Milliseconds for a request to arrive. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Starts the console on 127.0.0.1. Rejects where the port cannot be used. */
export async function startConsole(options: ConsoleOptions): Promise<RunningConsole> {
  const { port } = options;
  const origin = `http://127.0.0.1:${port}`;
  const session = new ConsoleSession(port);
  const api = new ConsoleApi(options);
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      response.on("error", () => response.destroy());
      serve(request, response, { origin, session, api, files: options.files }).catch((error: unknown) => {
        const message = `the console failed: ${error instanceof Error ? error.message : String(error)}`;
        if (response.headersSent) response.destroy();
        else refuse(response, 500, message);
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.on("clientError", (_error, socket) => socket.destroy());
  await listen(server, port);
  return {
    address: `${origin}/?token=${session.token}`,
    beginEdit: () => api.beginEdit(),
    async close() {
      api.close();
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Served {
  readonly origin: string;
  readonly session: ConsoleSession;
  readonly api: ConsoleApi;
  readonly files: ConsoleOptions["files"];
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  { origin, session, api, files }: Served,
): Promise<void> {
  if (request.method !== "POST") request.resume();
  const refusal = refusalOf(request, origin);
  if (refusal) return refuse(response, refusal.status, refusal.message);
  const url = new URL(request.url ?? "/", origin);
  const token = url.pathname === "/" ? url.searchParams.get("token") : null;
  const isOpen = session.has(request.headers.cookie);
  if (token !== null) {
    const cookie = session.exchange(token);
    if (cookie === undefined && !isOpen) {
      return refuse(response, 403, "This address was used, or is wrong. Start again: the next address is printed.");
    }
    response.writeHead(303, { ...SECURITY_HEADERS, location: "/", ...(cookie && { "set-cookie": cookie }) }).end();
    return;
  }
  if (!isOpen) return refuse(response, 403, "Open the console by the address that `npm start` printed.");
  if (request.method === "POST") {
    const body = await readBody(request);
    if (body === undefined) return refuse(response, 413, `More than ${MAX_ACTION_BYTES} bytes are not taken.`);
    return sendResult(await api.act(url, body), response);
  }
  if (url.pathname.startsWith("/api/")) return sendResult(await api.respond(url), response);
  const file = files.get(pathOf(request.url ?? ""));
  if (!file) return refuse(response, 404, "The console has no such page.");
  response.writeHead(200, { ...SECURITY_HEADERS, "content-type": file.type }).end(file.body);
}

/** The body as text; undefined where it is too large. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_ACTION_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_ACTION_BYTES ? undefined : Buffer.concat(chunks).toString();
}

function sendResult(result: ApiResponse, response: ServerResponse): void {
  if (result.kind === "live") {
    response.writeHead(200, { ...SECURITY_HEADERS, "content-type": "application/x-ndjson; charset=utf-8" });
    response.flushHeaders();
    result.begin(response);
    return;
  }
  const { status, type, body, saveAs } = result;
  const disposition = saveAs === undefined ? {} : { "content-disposition": `attachment; filename="${saveAs}"` };
  response.writeHead(status, { ...SECURITY_HEADERS, "content-type": type, ...disposition }).end(body);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const headers = { ...SECURITY_HEADERS, "content-type": "text/plain; charset=utf-8" };
  response.req.resume();
  response.writeHead(status, status === 405 ? { ...headers, allow: "GET, POST" } : headers).end(`${message}\n`);
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: "127.0.0.1", exclusive: true }, resolve);
  });
}
