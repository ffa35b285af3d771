import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { FROM_CLIENT_HEADER } from "../../../backend/authorization.ts";
import { createBroker } from "../../../backend/broker.ts";
import { call } from "../../../backend/contract/index.ts";
import { createLog } from "../../../backend/log.ts";
import { emit } from "../socket-calls.ts";
import { startTestGateway, type TestGateway } from "../test-gateway.ts";
import { tokenOf } from "../test-tokens.ts";

let gateway: TestGateway;
/** How calls that came through the gateway were marked. */
const marks: unknown[] = [];
beforeAll(async () => {
  gateway = await startTestGateway({
    "users.pictures": (ctx) => {
      marks.push(ctx.headers[FROM_CLIENT_HEADER]);
      return { pictures: [] };
    },
    "auth.sessions": (ctx) => {
      marks.push(ctx.headers[FROM_CLIENT_HEADER]);
      return { sessions: [] };
    },
    "users.profile": (ctx) => ({ id: ctx.meta.user.id, email: "", name: "", verified: false, roles: [], createdAt: 0 }),
    "users.login": () => ({
      user: { id: "", email: "", name: "", verified: false, roles: [], createdAt: 0 },
      accessToken: "",
      expiresIn: 1,
      refreshToken: "r",
    }),
  });
});
afterAll(() => gateway.stop());

test("no namespace is open without a token, and there is no other than / (backend-stack 1.2 no. 3)", async () => {
  for (const token of [undefined, null, "", "nobody", 7, {}, ["user.a"], `user.${"x".repeat(5000)}`]) {
    await expect(gateway.connect(token)).rejects.toMatchObject({ message: "UNAUTHORIZED" });
  }
  const socket = await gateway.connect(tokenOf("alice"));
  for (const name of ["/chat", "/admin", "/#", "//"]) {
    const other = socket.io.socket(name, { auth: { token: tokenOf("alice") } });
    const refused = new Promise<Error>((resolve) => other.once("connect_error", resolve));
    other.connect();
    expect((await refused).message).toBe("NOT_FOUND");
    other.close();
  }
});

test("nothing but the surface can be called over a socket: no $node, no gateway, no service action (no. 4, H2)", async () => {
  const socket = await gateway.connect(tokenOf("alice", "admin"));
  const names = [
    "$node.options",
    "$node.list",
    "gateway.broadcast",
    "gateway.getClients",
    "gateway.call",
    "gateway.openapi",
  ];
  const credential = ["users.login", "users.register", "auth.refresh", "auth.logout", "users.profile"];
  const internal = ["auth.verifyToken", "auth.generateToken", "auth.startSession"];
  for (const name of [...names, ...credential, ...internal]) {
    expect((await emit(socket, "call", name, { token: tokenOf("bob") })).error?.code).toBe("NOT_FOUND");
  }
});

test("nothing but the surface can be called over HTTP: no $node, no mapping by name (no. 4, H1)", async () => {
  const paths = [
    "/$node/options",
    "/~node/options",
    "/~node/services",
    "/gateway/broadcast?event=x",
    "/gateway/openapi",
  ];
  const mapped = ["/users/login", "/auth/verifyToken", "/auth.verifyToken", "/api/auth/verifyToken", "/api", "/api/"];
  for (const path of [...paths, ...mapped]) {
    for (const method of ["GET", "POST"])
      expect((await gateway.request(method, path, { token: tokenOf("a", "admin") })).status).toBe(404);
  }
});

test("the broker has no action beside the declared ones", () => {
  const names = gateway.broker.registry.getActionList({}).map(({ name }: { name: string }) => name);
  expect(names.filter((name: string) => name.startsWith("$") || name.startsWith("gateway."))).toEqual([
    "gateway.openapi",
    "gateway.health",
  ]);
});

test("names of Object's own properties are no aliases (backend-stack 1.2 no. 15)", async () => {
  const socket = await gateway.connect(tokenOf("alice"));
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    expect((await emit(socket, "call", name, {})).error?.code).toBe("NOT_FOUND");
    expect((await gateway.request("GET", `/${name}`)).status).toBe(404);
  }
});

test("a path has exactly one spelling: edge rules compare it exactly", async () => {
  const token = tokenOf("alice");
  expect((await gateway.request("GET", "/api/users/me", { token })).status).toBe(200);
  const spellings = [
    "/API/users/me",
    "/api/USERS/me",
    "/api/users/me/",
    "//api/users/me",
    "/api//users/me",
    "/api/./users/me",
    "/api/x/../users/me",
    "/api/users/%6de",
    "/api/users/me%20",
    "/api/users/me;x",
    "/api/users%2fme",
    "/api\\users\\me",
    "http://x/api/users/me",
    "/api/users/me#x",
    "/api/users/me%00",
    "/api/users/me&",
  ];
  for (const path of spellings) {
    const answer = await gateway.sendBytes(
      `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\nconnection: close\r\n\r\n`,
    );
    expect([path, answer.slice(9, 12)]).toEqual([path, expect.stringMatching(/^40[04]$/)]);
  }
  for (const [method, path] of [
    ["HEAD", "/api/users/me"],
    ["PUT", "/api/users/me"],
    ["GET", "/api/auth/login"],
    ["POST", "/"],
    ["OPTIONS", "/api/users/me"],
  ] as const) {
    expect([method, path, (await gateway.request(method, path, { token })).status]).toEqual([method, path, 404]);
  }
  for (const path of [
    "/socket.io",
    "/socket.io/",
    "/socket.io/?EIO=4&transport=polling",
    "/SOCKET.IO/?EIO=4&transport=polling",
  ]) {
    expect((await gateway.request("GET", path)).status).toBe(404);
  }
});

test("an action that only services call refuses a call from outside at the action itself (no. 16)", async () => {
  const token = tokenOf("alice");
  await expect(call(gateway.broker, "auth.verifyToken", { token })).resolves.toMatchObject({ id: "alice" });
  await expect(
    call(gateway.broker, "auth.verifyToken", { token }, { headers: { outside: true } }),
  ).rejects.toMatchObject({ code: 404 });
});

test("every call that comes through the gateway is marked as one from outside, over HTTP and sockets (no. 16)", async () => {
  const token = tokenOf("alice");
  expect((await gateway.request("GET", "/api/auth/sessions", { token })).status).toBe(200);
  expect((await emit(await gateway.connect(token), "call", "users.pictures", { users: ["x"] })).error).toBeNull();
  expect(marks).toEqual([true, true]);
});

test("an action that does not say who may call it stops the start", async () => {
  const broker = createBroker({ nats: undefined, nodeId: undefined }, createLog({ logLevel: "silent" }));
  expect(() => broker.createService({ name: "open", actions: { door: () => true } })).toThrow(
    /open\.door does not say who may call it/,
  );
  await broker.stop();
});
