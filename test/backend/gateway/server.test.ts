import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { SERVER_TIMES } from "../../../backend/gateway/server.ts";
import { startTestGateway, type TestGateway, tokenOf } from "../support.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(
    { "users.login": () => ({ ok: true }) as never, "users.profile": () => ({ id: "x" }) as never },
    { times: { headers: 200, request: 400, keepAlive: 1000, check: 50 } },
  );
});
afterAll(() => gateway.stop());

test("idle connections outlive cloudflared's pool, so that it never sends into a connection we are closing", () => {
  expect(SERVER_TIMES.keepAlive).toBeGreaterThan(90_000);
});

test("a client that is slow with its header fields or its body is told so and closed", async () => {
  const headers = await gateway.raw("GET / HTTP/1.1\r\nhost: x\r\nx-slow: ");
  expect(headers).toContain("HTTP/1.1 408");
  expect(headers).toContain('"code":"TIMEOUT"');
  const body = await gateway.raw(
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
  );
  expect(body).toContain("HTTP/1.1 408");
});

test("a client that goes away in the middle leaves nothing behind", async () => {
  const connection = connect({ port: gateway.port, host: "127.0.0.1" });
  connection.write(
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
  );
  await once(connection, "connect");
  connection.destroy();
  expect((await gateway.ask("GET", "/")).status).toBe(200);
});

test("a client that keeps its half open after a refused upgrade is cut: no timeout of the server's would", async () => {
  const connection = connect({ port: gateway.port, host: "127.0.0.1", allowHalfOpen: true });
  const closed = new Promise((resolve) => connection.on("error", resolve).on("close", resolve));
  connection.resume().write("GET /nothing HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n");
  await once(connection, "end");
  const writing = setInterval(() => connection.write("x"), 5);
  await closed;
  clearInterval(writing);
  connection.destroy();
});

test.each([
  ["no HTTP at all", "hello\r\n\r\n", "400"],
  ["a bare line feed in a field", "GET / HTTP/1.1\nhost: x\n\n", "400"],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", "400"],
  [
    "two lengths",
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "400",
  ],
  [
    "a length and chunks",
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
    "400",
  ],
  [
    "a chunk size that is none",
    "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    "400",
  ],
  ["a space before the colon", "GET / HTTP/1.1\r\nhost : x\r\n\r\n", "400"],
  ["a continuation line", "GET / HTTP/1.1\r\nhost: x\r\nx: a\r\n b\r\n\r\n", "400"],
  ["NUL in a field", "GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n", "400"],
  ["a method that is none", "PROPFUND / HTTP/1.1\r\nhost: x\r\n\r\n", "400"],
  ["CONNECT", "CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n", "404"],
  ["fields over 16 KiB", `GET / HTTP/1.1\r\nhost: x\r\nx: ${"a".repeat(17_000)}\r\n\r\n`, "431"],
  [
    "an upgrade somewhere else",
    "GET /api/users/me HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "404",
  ],
  [
    "an upgrade to something else",
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    "404",
  ],
  [
    "Socket.IO at another spelling",
    "GET /socket.io/x?EIO=4&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "404",
  ],
  [
    "Socket.IO's old protocol",
    "GET /socket.io/?EIO=3&transport=websocket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "400",
  ],
  [
    "a session to take over",
    "GET /socket.io/?EIO=4&transport=websocket&sid=x HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "400",
  ],
])("%s is refused in the one shape, and the connection closed", async (_what, bytes, status) => {
  const answer = await gateway.raw(bytes);
  expect(answer.slice(9, 12)).toBe(status);
  const body = answer.slice(answer.indexOf("\r\n\r\n") + 4);
  expect(JSON.parse(body)).toEqual({ error: { code: expect.any(String), message: expect.any(String) } });
  expect(answer.toLowerCase()).toContain("connection: close");
});

test("a refusal before the body is read does not spoil the next request of the connection", async () => {
  const body = JSON.stringify({ email: "a@example.org", password: "x" });
  const first = `POST /api/nothing HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const second = `GET /api/users/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tokenOf("a")}\r\nconnection: close\r\n\r\n`;
  const answers = await gateway.raw(first + second);
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 404", "HTTP/1.1 200"]);
});

test("every answer has the headers that keep a browser safe, and an id that stands in the log", async () => {
  for (const path of ["/", "/api/users/me", "/nothing"]) {
    const { headers } = await gateway.ask("GET", path);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
    const line = gateway.log.find(({ id }) => id === headers.get("x-request-id"));
    expect(line).toMatchObject({ msg: "request", method: "GET", path });
  }
  const { headers } = await gateway.ask("GET", "/", { headers: { "cf-ray": "0123456789abcdef-FRA" } });
  expect(gateway.log.filter(({ id }) => id === headers.get("x-request-id"))).toMatchObject([
    { ray: "0123456789abcdef-FRA" },
  ]);
});
