import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { emit } from "../socket-calls.ts";
import { startTestGateway, type TestGateway } from "../test-gateway.ts";
import { tokenOf } from "../test-tokens.ts";

let gateway: TestGateway;
const circular: Record<string, unknown> = {};
circular.self = circular;

beforeAll(async () => {
  gateway = await startTestGateway({
    "users.pictures": ({ params }) => {
      const [what] = params.users;
      if (what === "circular") throw Object.assign(new Error(what), { data: circular, code: 422, type: "X" });
      if (what === "bigint") throw Object.assign(new Error(what), { data: 1n });
      return circular as never;
    },
    "users.profile": () => circular as never,
    "auth.jwks": () => ({ keys: [1n as never] }),
  });
});
afterAll(() => gateway.stop());

const alive = async () => expect((await gateway.request("GET", "/api/openapi.json")).status).toBe(200);
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;

test("deep nesting over HTTP is refused and the process lives (backend-stack 1.2 no. 1)", async () => {
  for (const path of ["/api/auth/login", "/api/auth/register"]) {
    // 680 levels fit into the body limit of 4 KiB
    const { status, json } = await gateway.request("POST", path, { body: `{"email":${nested(680)}}` });
    expect([status, json.error?.code]).toEqual([422, "TOO_DEEP"]);
  }
  const arrays = await gateway.request("POST", "/api/auth/login", { body: `${"[".repeat(2000)}${"]".repeat(2000)}` });
  expect(arrays.json.error?.code).toBe("TOO_DEEP");
  await alive();
});

test("deep nesting over a socket is refused and the process lives (backend-stack 1.2 no. 1)", async () => {
  const socket = await gateway.connect(tokenOf("deep"));
  const refused = new Promise<string>((resolve) => socket.io.engine.on("data", resolve));
  socket.io.engine.write(`20["call","users.pictures",{"users":${nested(5000)}}]`);
  expect(await refused).toContain("TOO_DEEP");
  await alive();
});

test("a validator's error never carries the value it refuses (backend-stack 1.2 no. 1)", async () => {
  const { text } = await gateway.request("POST", "/api/auth/login", {
    body: { email: { hunter2: ["hunter2"] }, password: 5 },
  });
  expect(JSON.parse(text)).toEqual({ error: { code: "VALIDATION", message: expect.any(String), field: "email" } });
});

test("an upload over the limit is refused and the process lives (H13)", async () => {
  const known = await gateway.request("POST", "/api/auth/login", { body: `{"email":"${"x".repeat(200_000)}"}` });
  expect([known.status, known.json.error?.code]).toEqual([413, "PAYLOAD_TOO_LARGE"]);
  const chunk = `1000\r\n${"x".repeat(0x1000)}\r\n`;
  const chunked = await gateway.sendBytes(
    `POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(8)}`,
  );
  expect(chunked).toContain("HTTP/1.1 413");
  expect(chunked.toLowerCase()).toContain("connection: close");
  await alive();
});

test("malformed events are refused or dropped, and no error is thrown (backend-stack 1.2 no. 6)", async () => {
  const socket = await gateway.connect(tokenOf("malformed"));
  for (const args of [
    [],
    [null],
    [null, null],
    [1, 2, 3],
    [{}, []],
    ["users.pictures", "text"],
    ["users.pictures", [1]],
  ]) {
    socket.emit("call", ...args);
    expect((await emit(socket, "call", ...args)).error?.code).toMatch(/NOT_FOUND|VALIDATION/);
    socket.emit("authenticate", ...args);
    expect((await emit(socket, "authenticate", ...args)).error?.code).toBe("UNAUTHORIZED");
  }
  expect((await emit(socket, "call", "users.pictures", Buffer.from("x"))).error?.code).toBe("VALIDATION");
  await alive();
});

test("errors and results that cannot be serialised become a plain refusal (backend-stack 1.2 no. 7)", async () => {
  const token = tokenOf("serial");
  const socket = await gateway.connect(token);
  for (const what of ["circular", "bigint"])
    expect((await emit(socket, "call", "users.pictures", { users: [what] })).error?.code).toBe("INTERNAL");
  socket.emit("call", "users.pictures", { users: ["result"] }, () => undefined);
  expect((await gateway.request("GET", "/api/users/me", { token })).json.error?.code).toBe("INTERNAL");
  expect((await gateway.request("GET", "/.well-known/jwks.json")).json.error?.code).toBe("INTERNAL");
  await alive();
});

test("an acknowledgement is never lost: no arguments, too many, an unknown event (backend-stack 1.2 no. 14)", async () => {
  const socket = await gateway.connect(tokenOf("acks"));
  expect((await emit(socket, "call")).error?.code).toBe("NOT_FOUND");
  expect((await emit(socket, "call", "users.pictures", {}, "extra", { more: 1 })).error?.code).toBe("VALIDATION");
  expect((await emit(socket, "users:pictures", {})).error?.code).toBe("NOT_FOUND");
});
