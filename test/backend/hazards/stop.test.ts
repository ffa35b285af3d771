import { once } from "node:events";
import { connect } from "node:net";
import { expect, test } from "@jest/globals";
import type { Socket } from "socket.io-client";
import { disconnected, emit } from "../socket-calls.ts";
import { startTestBackend } from "../test-backend.ts";
import { startTestGateway } from "../test-gateway.ts";
import { tokenOf } from "../test-tokens.ts";

let gatewayEntered: () => void = () => undefined;

test("broker.stop ends although sockets live and connections are kept alive (backend-stack 1.2 no. 11)", async () => {
  const gateway = await startTestGateway();
  const socket = await gateway.connect(tokenOf("alice"));
  await gateway.request("GET", "/");
  const idle = connect({ port: gateway.port, host: "127.0.0.1" });
  await once(idle, "connect");
  const gone = disconnected(socket);
  await gateway.broker.stop();
  await gone;
  idle.destroy();
  await gateway.stop();
});

test("stopping finishes what is under way, takes nothing new, and tells sockets when to come back (H12)", async () => {
  let release: (() => void) | undefined;
  const called = new Promise<void>((resolve) => {
    release = resolve;
  });
  let entered = 0;
  const gateway = await startTestGateway({
    "users.pictures": async () => {
      entered++;
      await called;
      return { pictures: [] };
    },
    "users.profile": async () => {
      entered++;
      await called;
      return { id: "slow" } as never;
    },
  });
  const token = tokenOf("alice");
  const socket = await gateway.connect(token);
  const hint = new Promise<{ retryAfter: number }>((resolve) => socket.once("drain", resolve));
  const gone = disconnected(socket);
  const overSocket = emit(socket, "call", "users.pictures", { users: ["x"] });
  const overHttp = gateway.request("GET", "/api/users/me", { token });
  while (entered < 2) await new Promise(setImmediate);

  const stopped = gateway.gateway.drain();
  expect((await hint).retryAfter).toBeGreaterThanOrEqual(0);
  expect((await emit(socket, "call", "users.pictures", { users: ["x"] })).error?.code).toBe("UNAVAILABLE");
  await expect(gateway.request("GET", "/")).rejects.toThrow();
  release?.();
  expect((await overSocket).result).toEqual({ pictures: [] });
  expect((await overHttp).json).toEqual({ id: "slow" });
  await Promise.all([gone, stopped]);
  await gateway.stop();
});

test("a request under way gets its response although no socket is open (H12)", async () => {
  let release: (() => void) | undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const entered = new Promise<void>((resolve) => {
    gatewayEntered = resolve;
  });
  const gateway = await startTestGateway({
    "users.profile": async () => {
      gatewayEntered();
      await held;
      return { id: "slow" } as never;
    },
  });
  const asked = gateway.request("GET", "/api/users/me", { token: tokenOf("alice") });
  await entered;
  const stopped = gateway.gateway.drain();
  await new Promise(setImmediate);
  release?.();
  const { status, headers } = await asked;
  expect([status, headers.get("connection")]).toEqual([200, "close"]);
  await stopped;
  await gateway.stop();
});

test("a WebSocket that never answers the closing handshake does not keep the process alive", async () => {
  const gateway = await startTestGateway();
  const connection = connect({ port: gateway.port, host: "127.0.0.1" });
  connection.write(
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await once(connection, "data");
  connection.on("data", () => undefined);
  const closed = once(connection, "close");
  await gateway.broker.stop();
  await closed;
  await gateway.stop();
});

test("stopping ends within the stated time although a call never returns (H12)", async () => {
  let enter: (() => void) | undefined;
  const entered = new Promise<void>((resolve) => {
    enter = resolve;
  });
  const gateway = await startTestGateway(
    {
      "users.pictures": () => {
        enter?.();
        return new Promise(() => undefined);
      },
    },
    { config: { DRAIN_SECONDS: "0" } },
  );
  const socket = await gateway.connect(tokenOf("alice"));
  socket.emit("call", "users.pictures", { users: ["x"] });
  await entered;
  const gone = disconnected(socket);
  await gateway.gateway.drain();
  await gone;
  await gateway.stop();
});

test("a port in use is a clear message, and nothing stays behind", async () => {
  const first = await startTestBackend();
  await expect(startTestBackend({ config: { PORT: String(first.port) } })).rejects.toThrow(
    `The gateway cannot listen on 127.0.0.1 port ${first.port}: something else listens there.`,
  );
  expect((await first.request("GET", "/")).status).toBe(200);
  await first.stop();
});

test("N3: a gateway that stops closes one socket after the other and serves the rest; no call is refused", async () => {
  const gateway = await startTestGateway({ "users.pictures": () => ({ pictures: [] }) });
  const sockets: Socket[] = [];
  for (let n = 0; n < 80; n += 1) sockets.push(await gateway.connect(tokenOf(`client${n}`)));
  const clients = sockets.map((socket) => {
    let served = 0;
    let goneAt = 0;
    socket.once("disconnect", () => {
      goneAt = performance.now();
    });
    const calling = async () => {
      while (socket.connected) {
        const gone = disconnected(socket);
        const called = emit(socket, "call", "users.pictures", { users: ["x"] });
        called.catch(() => undefined); // the connection has closed before the call came there
        const result = await Promise.race([called, gone.then(() => undefined)]);
        if (result?.error) throw new Error(result.error.code);
        if (result) served += 1;
        socket.removeAllListeners("disconnect");
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      goneAt ||= performance.now();
    };
    return { calling, outcome: () => ({ served, goneAt }) };
  });
  const calling = clients.map((client) => client.calling());
  await new Promise((resolve) => setTimeout(resolve, 50));
  const started = performance.now();
  const stopped = gateway.gateway.drain();
  await Promise.all(calling);
  await stopped;
  const times = clients.map((client) => client.outcome().goneAt - started).sort((one, other) => one - other);
  // 100 in a second
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(400);
  expect(clients.every((client) => client.outcome().served > 0)).toBe(true);
  await gateway.stop();
});
