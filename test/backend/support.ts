import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { io, type Socket } from "socket.io-client";
import { createBroker, nodeLinks } from "../../backend/broker.ts";
import { type Config, readConfig } from "../../backend/config.ts";
import {
  type AnyAction,
  defineService,
  type Handlers,
  refuse,
  type ServiceName,
  type VerifiedToken,
} from "../../backend/contract/index.ts";
import {
  type Asset,
  type CapTable,
  contentHash,
  createGateway,
  type Gateway,
  LIMITS,
  type LimitTable,
  SERVER_TIMES,
  type ServerTimes,
  type SocketFeature,
} from "../../backend/gateway/index.ts";
import { createLog } from "../../backend/log.ts";
import { type Backend, startBackend } from "../../backend/main.ts";
import type { ReplacedModules } from "../../backend/modules.ts";
import { assets, type HttpEntry, http, ROLES, type Role, serviceActions, socket } from "../../backend/surface.ts";
import type { SignedIn } from "../../backend/users/shapes.ts";
import { eventDifferences, isDescribed, responseDifferences, resultDifferences } from "./described.ts";
import { openStore } from "./store/open-store.ts";
import { testModules } from "./test-modules.ts";

/** No limit that a test reaches by accident. */
export const NO_LIMITS: LimitTable = Object.fromEntries(
  Object.keys(LIMITS).map((name) => [name, { requests: 1_000_000, seconds: 10 }]),
) as LimitTable;

export const TEST_ASSETS = new Map(
  assets.map((path) => {
    const asset = { contentType: "text/html; charset=utf-8", body: Buffer.from(`<p>${path}</p>`) };
    return [path, path === "/" ? asset : { ...asset, version: contentHash(asset.body) }];
  }),
);

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: Record<string, never> & { error?: { code: string; message: string; field?: string } };
}

interface RequestParts {
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
}

/** A running gateway, and what tests do with it as its clients. */
interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly broker: ServiceBroker;
  /** The parsed lines of its log. */
  readonly log: Record<string, unknown>[];
  ask(method: string, path: string, asked?: RequestParts): Promise<Answer>;
  /** Sends bytes and returns the bytes of the response, until the gateway closes the connection or `until` is true. */
  raw(bytes: string | Buffer, until?: (text: string) => boolean): Promise<string>;
  /** Connects; rejects with the handshake's error. */
  socket(token?: unknown, options?: object): Promise<Socket>;
  stop(): Promise<void>;
}

/** Calls over a socket: the result, or the refusal. */
export function emit(
  socket: Socket,
  ...args: unknown[]
): Promise<{ error: { code: string; field?: string } | null; result?: unknown }> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no acknowledgement within 30 s")), 30_000);
    const [event, ...rest] = args;
    socket.emit(event as string, ...rest, (error: { code: string } | null, result: unknown) => {
      clearTimeout(timer);
      const differences =
        checkedSockets.has(socket) && event === "call" ? resultDifferences(String(rest[0]), error, result) : [];
      if (differences.length > 0) reject(new Error(differences.join("\n")));
      else resolve({ error, result });
    });
  });
}

/** Throws when the response of an endpoint is not as the OpenAPI document describes it. */
function expectDescribed(method: string, path: string, answer: Answer): void {
  const [plain = path] = path.split("?");
  const differences = isDescribed(method, plain) ? responseDifferences(method, plain, answer) : [];
  if (differences.length > 0) throw new Error(differences.join("\n"));
}

/** Sockets of a whole backend: results of their calls have to be as the OpenAPI document describes them. */
const checkedSockets = new WeakSet<Socket>();

/** The same server; a response or an event that is not as the OpenAPI document describes it is an error. */
function checkAgainstOpenApi(server: TestServer): TestServer {
  const differences: string[] = [];
  return {
    ...server,
    async ask(method, path, asked) {
      const answer = await server.ask(method, path, asked);
      expectDescribed(method, path, answer);
      return answer;
    },
    async socket(token, options) {
      const socket = await server.socket(token, options);
      checkedSockets.add(socket);
      return socket.onAny((event: string, payload: unknown) => differences.push(...eventDifferences(event, payload)));
    },
    async stop() {
      await server.stop();
      if (differences.length > 0) throw new Error(differences.join("\n"));
    },
  };
}

/** Resolves with the reason when the socket is disconnected. */
export function disconnected(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once("disconnect", (reason) => resolve(reason)));
}

interface TestOptions {
  readonly config?: Readonly<Record<string, string>>;
  readonly limits?: LimitTable;
  readonly caps?: CapTable;
  readonly times?: Partial<ServerTimes>;
}

export interface TestBackendOptions extends TestOptions {
  /** Modules of features, in place of the usual ones. */
  readonly modules?: ReplacedModules;
  /** The page; short texts in its place when left out. */
  readonly assets?: ReadonlyMap<string, Asset>;
  /** More options of `createGateway`. */
  readonly given?: Pick<Parameters<typeof createGateway>[1], "problem" | "throttles" | "writeLimitMs">;
}

export interface TestGatewayOptions extends TestOptions {
  /** HTTP entries instead of the surface's. */
  readonly entries?: readonly HttpEntry[];
  /** Services besides those whose actions the test gives, for example those that own the actions of `entries`. */
  readonly services?: readonly ServiceSchema[];
  /** The socket features; none when left out. */
  readonly features?: readonly SocketFeature[];
  /** More options of `createGateway`. */
  readonly given?: Pick<Parameters<typeof createGateway>[1], "namespaces" | "problem" | "throttles" | "writeLimitMs">;
}

interface Running {
  readonly url: string;
  readonly broker: ServiceBroker;
  stop(): Promise<void>;
}

function testServer(running: Running, log: Record<string, unknown>[]): TestServer {
  const { url, broker } = running;
  const port = Number(new URL(url).port);
  const open = new Set<Socket>();
  return {
    url,
    port,
    broker,
    log,
    async ask(method, path, { body, token, headers } = {}) {
      const response = await fetch(url + path, {
        method,
        redirect: "error",
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body) }),
      } as RequestInit);
      const text = await response.text();
      const answer = { status: response.status, headers: response.headers, text, json: parsed(text) as Answer["json"] };
      // the gateway makes the refusals, also those of a test's own services
      if (answer.status >= 400) expectDescribed(method, path, answer);
      return answer;
    },
    async raw(bytes, until) {
      const connection = connect({ port, host: "127.0.0.1" });
      connection.on("error", () => undefined);
      let text = "";
      connection.setEncoding("latin1").on("data", (chunk: string) => {
        text += chunk;
        if (until?.(text)) connection.destroy();
      });
      connection.write(bytes);
      await once(connection, "close");
      return text;
    },
    socket(token, options = {}) {
      const socket = io(url, {
        transports: ["websocket"],
        forceNew: true,
        reconnection: false,
        auth: { token },
        ...options,
      });
      open.add(socket);
      return new Promise((resolve, reject) => {
        socket.on("connect", () => resolve(socket));
        socket.on("connect_error", reject);
      });
    },
    async stop() {
      for (const socket of open) socket.close();
      await running.stop();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function logLines(): { lines: Record<string, unknown>[]; destination: { write(line: string): void } } {
  const lines: Record<string, unknown>[] = [];
  return { lines, destination: { write: (line) => void lines.push(JSON.parse(line)) } };
}

export interface Person extends Omit<SignedIn, "user"> {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

export interface TestBackend extends TestServer {
  readonly config: Config;
  readonly backend: Backend;
  /** Registers a new user with this role. */
  person(role?: Role): Promise<Person>;
}

/** The whole backend over a store of its own, on a free port. */
export async function startTestBackend(options: TestBackendOptions = {}): Promise<TestBackend> {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-backend-"));
  const { lines, destination } = logLines();
  const config = readConfig({ PORT: "0", DATA_DIR: dataDir, LOG_LEVEL: "info", DRAIN_SECONDS: "2", ...options.config });
  const backend = await startBackend(config, {
    log: destination,
    assets: options.assets ?? TEST_ASSETS,
    limits: options.limits ?? NO_LIMITS,
    times: { ...SERVER_TIMES, ...options.times },
    modules: testModules(options.modules && { modules: options.modules }),
  }).catch((error: unknown) => {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  });
  const server = checkAgainstOpenApi(testServer(backend, lines));
  let people = 0;
  return {
    ...server,
    config,
    backend,
    async person(role = "user") {
      const email = `person${++people}@example.org`;
      const password = `correct horse ${people}`;
      const signUp = await server.ask("POST", "/api/auth/register", {
        body: { email, password, name: `Person ${people}` },
      });
      const signedIn = signUp.json as unknown as SignedIn;
      if (role !== "user") {
        // a token's roles are those that its user has when it is verified
        const store = await openStore(config);
        await store.users.changeRole(signedIn.user.id, role);
        await store.close();
      }
      const { user, ...tokens } = signedIn;
      return { ...tokens, id: user.id, email, password };
    },
    async stop() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The actions of the services behind a gateway under test; those left out refuse with UNAVAILABLE. */
export type Actions = { readonly [A in AnyAction]?: HandlerOf<A> };
type HandlerOf<A extends AnyAction> = A extends `${infer N extends ServiceName}.${infer Name}`
  ? Handlers<N>[Name & keyof Handlers<N>]
  : never;

/**
 * The token of a user for a gateway under test: `ROLE.NAME`, optionally `.SECONDS` since 1970, when it ends. The
 * id of the session is `s-NAME`.
 */
export function tokenOf(name: string, role: Role = "user", seconds = 600): string {
  return `${role}.${name}.${Math.round(Date.now() / 10) / 100 + seconds}`;
}

export const verify = (token: string): VerifiedToken => {
  const [role, name, ...end] = token.split(".");
  const known = ROLES.find((one) => one === role);
  if (!known || !name) throw refuse("UNAUTHORIZED");
  return { id: name, sid: `s-${name}`, roles: ROLES.slice(0, ROLES.indexOf(known) + 1), exp: Number(end.join(".")) };
};

const verifyParams = (ctx: { params: { token: string } }): VerifiedToken => verify(ctx.params.token);
const refuseAsUnavailable = (): never => {
  throw refuse("UNAVAILABLE", { retryAfter: 1 });
};

export interface TestGateway extends TestServer {
  readonly gateway: Gateway;
  /** Resolves when the node knows the gateways of this many nodes, its own included. */
  waitForNodes(count: number): Promise<void>;
}

/** The gateway alone, with services whose actions the test gives. */
export async function startTestGateway(actions: Actions = {}, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const { lines, destination } = logLines();
  const config = readConfig({ PORT: "0", LOG_LEVEL: "info", DRAIN_SECONDS: "2", ...options.config });
  const log = createLog(config, destination);
  const links = nodeLinks(config, log);
  const broker = createBroker(config, log, links);
  const gateway = createGateway(config, {
    log,
    channel: links?.channel,
    assets: TEST_ASSETS,
    limits: options.limits ?? NO_LIMITS,
    ...(options.caps && { caps: options.caps }),
    times: { ...SERVER_TIMES, ...options.times },
    features: options.features ?? [],
    ...(options.entries && { entries: options.entries }),
    ...options.given,
  });
  for (const service of options.services ?? []) broker.createService(service);
  const given: Record<string, unknown> = { "auth.verifyToken": verifyParams, ...actions };
  const names = [...http, ...socket].map(({ action }) => action as string).concat(Object.keys(serviceActions));
  for (const [name, owned] of Map.groupBy(names, (action) => action.slice(0, action.indexOf(".")))) {
    if (name === gateway.schema.name) continue;
    const handlers = owned.map((action) => [action.slice(name.length + 1), given[action] ?? refuseAsUnavailable]);
    broker.createService(defineService({ name, actions: Object.fromEntries(handlers) } as never));
  }
  broker.createService(gateway.schema);
  await broker.start();
  const port = await gateway.open();
  const stop = async () => {
    await gateway.drain();
    await broker.stop();
  };
  const gateways = () =>
    broker.registry.getServiceList({ onlyAvailable: true }).filter(({ name }) => name === "gateway");
  return {
    ...testServer({ url: `http://127.0.0.1:${port}`, broker, stop }, lines),
    gateway,
    async waitForNodes(count) {
      while (gateways().length < count) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
}
