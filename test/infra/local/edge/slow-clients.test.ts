import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { WebSocket, WebSocketServer } from "ws";
import { HOST, TestSite } from "./test-site.ts";

let testSite: TestSite;
let server: WebSocketServer;
const abandoned = Promise.withResolvers<void>();

beforeAll(async () => {
  server = new WebSocketServer({ noServer: true });
  const edge = { timeouts: { headersMs: 300, requestMs: 500, idleMs: 1_500, originMs: 900 } };
  testSite = await TestSite.build(
    (request, response) => {
      if (request.method === "GET") response.writeHead(200).write("first");
      if (request.url === "/never") response.once("close", abandoned.resolve);
    },
    { edge },
  );
  testSite.origin.on("upgrade", (request, socket, head) => server.handleUpgrade(request, socket, head, () => {}));
});
afterAll(async () => {
  await testSite.close();
  server.close();
});

async function idleWebSocket(): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${testSite.edge.port}/`, { headers: { host: HOST } });
  await once(socket, "open");
  await once(socket, "close");
}

// all at once, since all they do is wait
test("whatever stalls is ended: headers, bodies, responses, origins, connections and WebSockets", async () => {
  const head = (request: string) => `${request} HTTP/1.1\r\nHost: ${HOST}\r\n`;
  const [headers, body, answer, origin, silent] = await Promise.all([
    testSite.raw(head("GET /headers")),
    testSite.raw(`${head("POST /body")}Content-Length: 10\r\n\r\nab`),
    testSite.raw(`${head("GET /answer")}\r\n`),
    testSite.raw(`${head("DELETE /never")}Connection: close\r\n\r\n`),
    testSite.raw(""),
    idleWebSocket(),
    abandoned.promise,
  ]);
  expect(headers).toMatch(/^HTTP\/1\.1 408 /);
  expect(body).not.toMatch(/^HTTP\/1\.1 2/);
  expect(answer).toMatch(/^HTTP\/1\.1 200 .*first/s);
  expect(origin).toMatch(/^HTTP\/1\.1 524 /);
  expect(silent).not.toMatch(/^HTTP\/1\.1 2/);
  const failures = (await testSite.over(6)).flatMap(({ failure }) => failure?.code ?? []);
  expect(failures).toEqual(expect.arrayContaining([408, 524]));
});
