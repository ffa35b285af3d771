import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Errors } from "moleculer";
import { createBroker } from "../../../backend/broker.ts";
import type { GatewayIo } from "../../../backend/gateway/gateway-socket.ts";
import { BrokerLog, createLog } from "../../../backend/log.ts";
import { emit } from "../socket-calls.ts";
import { startTestBackend } from "../test-backend.ts";
import { startTestGateway, type TestGateway } from "../test-gateway.ts";
import { tokenOf } from "../test-tokens.ts";

const SECRET = "hunter2";
let gateway: TestGateway;

beforeAll(async () => {
  const fail = () => {
    throw Object.assign(new Error(`connect ECONNREFUSED db.internal:5432 password=${SECRET}`), {
      data: { sql: SECRET },
    });
  };
  gateway = await startTestGateway(
    {
      "users.profile": fail,
      "users.pictures": ({ params }) => {
        const [what] = params.users;
        if (what === "native") return fail();
        if (what === "client")
          throw new Errors.MoleculerClientError(`row of ${SECRET}`, 409, "CONFLICT", { row: SECRET });
        const mistake = { field: "users", actual: SECRET, nodeID: SECRET };
        throw new Errors.ValidationError(SECRET, SECRET, [mistake as never]);
      },
      "users.login": () => {
        throw Object.assign(new Error(SECRET), { name: "ClientError", code: 299, type: "OK" });
      },
      "users.register": () => ({ user: {}, refreshToken: SECRET }) as never,
    },
    { config: { LOG_LEVEL: "debug" } },
  );
});
afterAll(() => gateway.stop());

test("native errors, others' client errors and validators' data stay inside, over HTTP and sockets (no. 12, H10)", async () => {
  const token = tokenOf("alice");
  const socket = await gateway.connect(token);
  const answers = [
    await gateway.request("GET", "/api/users/me", { token }),
    await gateway.request("POST", "/api/auth/login", { body: { email: "a@b.de", password: SECRET } }),
  ].map(({ text }) => text);
  const refusals = [
    ...(await Promise.all(
      ["native", "client", "validator"].map((what) => emit(socket, "call", "users.pictures", { users: [what] })),
    )),
    await emit(socket, "call", "users.pictures", { users: SECRET }),
  ].map((answer) => JSON.stringify(answer));
  for (const text of [...answers, ...refusals]) {
    expect(text).not.toMatch(/hunter2|db\.internal|node-|actual|nodeID|stack/);
    expect(text).toMatch(/"code":"(INTERNAL|VALIDATION)"/);
  }
});

test("a handshake's refusal says only what a client may know", async () => {
  const error = await gateway.connect("x").catch((reason: Error & { data?: unknown }) => reason);
  expect(error).toMatchObject({ message: "UNAUTHORIZED", data: { code: "UNAUTHORIZED", message: expect.any(String) } });
});

test("neither parameters nor tokens enter the log, at debug level either (no. 17, H9)", async () => {
  const token = tokenOf(SECRET);
  await gateway.request("POST", "/api/auth/register", {
    body: { email: "a@b.de", password: `${SECRET}${SECRET}`, name: SECRET },
  });
  await gateway.request("GET", `/api/openapi.json?token=${SECRET}`);
  await gateway.request("POST", "/api/auth/refresh", {
    body: { refreshToken: SECRET },
    headers: { cookie: `__Host-refresh=${SECRET}` },
  });
  await gateway.request("GET", "/.well-known/jwks.json", {
    token,
    headers: { "x-request-id": SECRET, "cf-ray": SECRET },
  });
  const lines = gateway.log.filter(({ err }) => err === undefined).map((line) => JSON.stringify(line));
  expect(lines.length).toBeGreaterThan(4);
  expect(lines.filter((line) => line.includes(SECRET))).toEqual([]);
});

test("of mails the log has their kind: no address, no link, no password (no. 17)", async () => {
  const backend = await startTestBackend({ config: { LOG_LEVEL: "debug" } });
  const { email, password } = await backend.registerUser();
  await backend.request("POST", "/api/auth/reset-password", {
    body: { token: SECRET, newPassword: `${SECRET} horse` },
  });
  const folder = backend.backend.outbox ?? "";
  while (!backend.log.some(({ msg }) => msg === "mail sent")) await new Promise((resolve) => setImmediate(resolve));
  const [mail = ""] = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
  const token = /#verify=([\w-]{43})$/m.exec(mail)?.[1] ?? "";
  expect((await backend.request("POST", "/api/auth/verify-email", { body: { token } })).status).toBe(200);
  const text = JSON.stringify(backend.log);
  for (const secret of [token, email, password, SECRET]) expect(text).not.toContain(secret);
  await backend.stop();
});

test("the log redacts what is called a secret", () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: "info" }, { write: (line) => void lines.push(line) });
  log.info(
    { password: SECRET, headers: { authorization: SECRET, cookie: SECRET }, body: { user: { refreshToken: SECRET } } },
    "x",
  );
  expect(lines.join("")).toContain("[secret]");
  expect(lines.join("")).not.toContain(SECRET);
});

test("what Moleculer logs beside its words is dropped: parameters are among it (no. 17)", () => {
  const lines: string[] = [];
  const log = createLog({ logLevel: "debug" }, { write: (line) => void lines.push(line) });
  const write = new BrokerLog(log).getLogHandler({ mod: "gateway" });
  write("warn", ["Invalid header value", { url: SECRET }, new Error("because"), [SECRET]]);
  expect(JSON.parse(lines.join(""))).toMatchObject({
    level: "warn",
    module: "gateway",
    msg: "Invalid header value",
    err: { message: "because" },
  });
  expect(lines.join("")).not.toContain(SECRET);
});

test("other nodes learn no settings that could hold a secret, and nothing is traced (no. 17, H9)", async () => {
  const broker = createBroker({ nats: undefined, nodeId: "n1" }, createLog({ logLevel: "silent" }));
  expect(broker.isTracingEnabled()).toBe(false);
  await broker.stop();
  const info = JSON.stringify(gateway.broker.registry.getLocalNodeInfo());
  expect(info).not.toMatch(/dataDir|nats|DATA_DIR|\.data/);
});

test("the access token and the headers of a handshake are not kept while the socket is open", async () => {
  const token = tokenOf("kept");
  const socket = await gateway.connect(token, { extraHeaders: { "x-kept": SECRET } });
  const { io } = gateway.broker.getLocalService("gateway") as unknown as { io: GatewayIo };
  const kept = io.of("/").sockets.get(socket.id ?? "");
  expect(kept?.data.identity?.user.id).toBe("kept");
  const { headers, rawHeaders } = kept?.request ?? {};
  expect(JSON.stringify([kept?.handshake, headers, rawHeaders])).not.toMatch(new RegExp(`${SECRET}|kept`));
  socket.close();
});
