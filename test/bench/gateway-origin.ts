// A server of its own process for gateway.bench.ts: `node gateway-origin.ts KIND`. Says its port over its channel.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ServiceBroker, type ServiceSchema } from "moleculer";
import Web from "moleculer-web";
import { Server } from "socket.io";
import { createBroker } from "../../backend/broker.ts";
import { readConfig } from "../../backend/config.ts";
import { defineService } from "../../backend/contract/index.ts";
import { createGateway, createMetrics } from "../../backend/gateway/index.ts";
import { createLog } from "../../backend/log.ts";
import { BufferedOutput } from "../../backend/log-output.ts";
import { http, socket } from "../../backend/surface.ts";
import { NO_LIMITS, TEST_ASSETS } from "../backend/test-options.ts";
import { verifyTestToken } from "../backend/test-tokens.ts";
import { answerQuestions } from "./answer-questions.ts";
import type { Ready } from "./contenders.ts";
import type { OriginActions } from "./origin-calls.ts";
import { socketCalls } from "./socket-calls.ts";

const PROFILE = {
  id: "u1",
  email: "alice@example.org",
  name: "Alice",
  roles: ["user"],
  createdAt: 1_790_000_000_000,
} as const;

/** The least that node:http needs to answer the same. */
async function bare(): Promise<number> {
  const server = createServer((request, response) => {
    const body = request.url === "/api/users/me" ? JSON.stringify(PROFILE) : "{}";
    response.writeHead(200, {
      "content-type": "application/json; charset=utf-8",
      "content-length": Buffer.byteLength(body),
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** moleculer-web as its documentation starts it, without logs, with an authentication hook and 60 more aliases. */
async function moleculerWeb(): Promise<number> {
  const broker = new ServiceBroker({ logger: false });
  broker.createService({ name: "users", actions: { profile: { auth: "public", handler: () => PROFILE } } });
  const aliases: Record<string, string> = { "GET users/me": "users.profile" };
  for (let i = 0; i < 60; i++) aliases[`GET x${i}/:id/y`] = "users.profile";
  const service = broker.createService({
    name: "api",
    mixins: [Web],
    settings: {
      port: 0,
      ip: "127.0.0.1",
      logRequest: null,
      logResponse: null,
      routes: [{ path: "/api", authentication: true, aliases }],
    },
    methods: { authenticate: async () => ({ id: "u1" }) },
  } as unknown as ServiceSchema) as unknown as { server: { address(): AddressInfo } };
  await broker.start();
  return service.server.address().port;
}

/** Our gateway over services that answer at once; with its log and metrics on when asked. */
async function gateway(observed: boolean): Promise<number> {
  const config = readConfig({ PORT: "0", LOG_LEVEL: observed ? "info" : "silent" });
  const log = createLog(config, new BufferedOutput("/dev/null"));
  const broker = createBroker(config, log);
  const metrics = observed ? createMetrics(() => 0) : undefined;
  const door = createGateway(config, {
    log,
    assets: TEST_ASSETS,
    limits: NO_LIMITS,
    features: socketCalls.map(({ sockets }) => sockets),
    ...(metrics && { finished: metrics.finished }),
  });
  const does: OriginActions = {
    "users.profile": () => PROFILE,
    "auth.verifyToken": (ctx) => verifyTestToken(String(ctx.params.token)),
    ...Object.assign({}, ...socketCalls.map(({ actions }) => actions(broker))),
  };
  const owned = new Set([...http, ...socket].map(({ action }) => action as string).concat(Object.keys(does)));
  for (const [name, actions] of Map.groupBy(owned, (action) => action.slice(0, action.indexOf(".")))) {
    if (name === door.schema.name) continue;
    const handlers = actions.map((one) => [one.slice(name.length + 1), does[one] ?? (() => ({}))]);
    broker.createService(defineService({ name, actions: Object.fromEntries(handlers) } as never));
  }
  broker.createService(door.schema);
  await broker.start();
  return door.open();
}

/** Socket.IO alone, doing the same. */
async function socketIo(): Promise<number> {
  const server = createServer();
  const io = new Server(server, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });
  io.on("connection", (one) => {
    one.on(
      "call",
      (action: string, params: { room: string; text: string }, ack: (error: null, result: unknown) => void) => {
        if (action === "chat.join") void one.join(params.room);
        if (action === "chat.send") io.to(params.room).emit("message", { from: "u", t: params.text });
        ack(
          null,
          action === "chat.send" ? 1 : { room: params.room, epoch: "e", seq: 0, messages: [], recovered: false },
        );
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const KINDS: Readonly<Record<string, () => Promise<number>>> = {
  bare,
  "moleculer-web": moleculerWeb,
  gateway: () => gateway(false),
  observed: () => gateway(true),
  "socket.io": socketIo,
};
const start = KINDS[process.argv[2] ?? ""];
if (!start) throw new Error(`Kinds: ${Object.keys(KINDS).join(", ")}.`);
process.once("disconnect", () => process.exit(0));
const port = await start();
answerQuestions();
process.send?.({ port } satisfies Ready);
