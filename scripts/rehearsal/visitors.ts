/**
 * Visitors of the rehearsed site: requests, calls over WebSockets, and steady traffic that counts what was lost.
 */
import { request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { io, type Socket } from "socket.io-client";

export interface VisitResponse {
  readonly status: number;
  readonly body: string;
  /** Where a redirect leads. */
  readonly location?: string;
}

/** Milliseconds in which a response must come. */
const TIMEOUT_MS = 10_000;

/** One request through the edge; the hostname is not resolved, the edge is on this machine. */
export function visit(port: number, hostname: string, path: string, body?: object): Promise<VisitResponse> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? "" : JSON.stringify(body);
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: body === undefined ? "GET" : "POST",
        headers: {
          host: `${hostname}:${port}`,
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
        },
        timeout: TIMEOUT_MS,
      },
      (response) => {
        let received = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          received += chunk;
        });
        const { location } = response.headers;
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: received,
            ...(location === undefined ? {} : { location }),
          }),
        );
        response.on("error", reject);
      },
    );
    call.on("timeout", () => call.destroy(new Error(`no response to ${path} within ${TIMEOUT_MS} ms`)));
    call.on("error", reject);
    call.end(text);
  });
}

export interface RehearsalUser {
  readonly name: string;
  readonly accessToken: string;
}

/** Registers and logs in. */
export async function registerUser(port: number, hostname: string, name: string): Promise<RehearsalUser> {
  const email = `${name}@example.com`;
  const password = `rehearsal of ${name} ${Math.random().toString(36).slice(2)}`;
  const registered = await visit(port, hostname, "/api/auth/register", { email, password, name });
  if (registered.status >= 300) throw new Error(`registering got status ${registered.status}: ${registered.body}`);
  const loggedIn = await visit(port, hostname, "/api/auth/login", { email, password });
  const { accessToken } = JSON.parse(loggedIn.body) as { accessToken?: string };
  if (accessToken === undefined) throw new Error(`logging in got status ${loggedIn.status}: ${loggedIn.body}`);
  return { name, accessToken };
}

/**
 * Each user connects a WebSocket through edge and tunnel, and calls an action that every backend has, whatever features
 * it has besides. @throws Error where a call fails
 */
export async function callOverSockets(port: number, hostname: string, users: readonly RehearsalUser[]): Promise<void> {
  const sockets = users.map(({ accessToken }) => open(port, hostname, accessToken));
  try {
    await Promise.all(sockets.map(connected));
    for (const socket of sockets) await call(socket, "users.pictures", { users: ["rehearsal"] });
  } finally {
    for (const socket of sockets) socket.disconnect();
  }
}

function open(port: number, hostname: string, token: string): Socket {
  const origin = `http://${hostname}:${port}`;
  return io(`http://127.0.0.1:${port}`, {
    transports: ["websocket"],
    extraHeaders: { host: `${hostname}:${port}`, origin },
    auth: { token },
    forceNew: true,
    reconnection: false,
  });
}

function connected(socket: Socket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", (error) => reject(new Error(`the socket was refused: ${error.message}`)));
  });
}

async function call(socket: Socket, action: string, params: object): Promise<void> {
  const responded = new Promise<void>((resolve, reject) => {
    socket.emit("call", action, params, (error: { message?: string } | null) => {
      if (error) reject(new Error(`${action}: ${error.message}`));
      else resolve();
    });
  });
  await Promise.race([responded, rejectAfterTimeout(`${action} got no response`)]);
}

async function rejectAfterTimeout(what: string): Promise<never> {
  await delay(TIMEOUT_MS, undefined, { ref: false });
  throw new Error(`${what} within ${TIMEOUT_MS} ms`);
}

export interface Traffic {
  /** Resolves after this many more requests. */
  waitForRequests(requests: number): Promise<void>;
  /** Ends it; returns how many requests there were, and the errors of those that failed. */
  stop(): Promise<{ requests: number; lost: readonly string[] }>;
}

/** Sends a request every tenth of a second, which is below the gateway's limit for one address. */
export function startTraffic(port: number, hostname: string): Traffic {
  const lost: string[] = [];
  let requests = 0;
  const stopping = new AbortController();
  const waiting: { until: number; done: () => void }[] = [];
  const running = (async () => {
    while (!stopping.signal.aborted) {
      requests += 1;
      const outcome = await visit(port, hostname, "/.well-known/jwks.json").catch((error: Error) => error);
      if (outcome instanceof Error) lost.push(outcome.message);
      else if (outcome.status !== 200) lost.push(`status ${outcome.status}`);
      for (const { until, done } of waiting) if (requests >= until) done();
      await delay(100, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  })();
  return {
    waitForRequests: (wanted) => new Promise((done) => waiting.push({ until: requests + wanted, done })),
    async stop() {
      stopping.abort();
      await running;
      return { requests, lost };
    },
  };
}
