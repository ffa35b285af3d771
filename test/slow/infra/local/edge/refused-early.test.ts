import { once } from "node:events";
import { request } from "node:http";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { HOST, TestSite } from "../../../../infra/local/edge/test-site.ts";

let testSite: TestSite;
let origin: Worker;
const lines: number[] = [];

// An origin on a thread of its own, so that it can respond and close while the connector is writing: 413 to every
// body, 431 to more than 100 header lines, both followed by a reset.
const ORIGIN = `
const { createServer } = require("node:net");
const { parentPort } = require("node:worker_threads");
const server = createServer((socket) => {
  socket.on("error", () => {});
  let head = "";
  socket.on("data", (chunk) => {
    head += chunk.toString("latin1");
    if (!head.includes("\\r\\n\\r\\n")) return;
    socket.removeAllListeners("data").pause();
    const lines = head.split("\\r\\n\\r\\n")[0].split("\\r\\n").length - 1;
    parentPort.postMessage(lines);
    const status = lines > 100 ? "431 Request Header Fields Too Large" : head.startsWith("POST") ? "413 Content Too Large" : "200 OK";
    const text = "HTTP/1.1 " + status + "\\r\\nConnection: close\\r\\nContent-Length: 3\\r\\n\\r\\nown";
    socket.write(text, () => socket.resetAndDestroy());
  });
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

beforeAll(async () => {
  testSite = await TestSite.build((_request, response) => response.end());
  origin = new Worker(ORIGIN, { eval: true });
  const [port] = (await once(origin, "message")) as [number];
  origin.on("message", (count: number) => lines.push(count));
  await testSite.sendTo(port);
});
afterAll(async () => {
  await testSite.close();
  await origin.terminate();
});

/** Uploads a body in chunks without looking at the response until it is there. */
function upload(chunks: number): Promise<string> {
  return new Promise((resolve) => {
    const sent = request({
      port: testSite.edge.port,
      host: "127.0.0.1",
      method: "POST",
      headers: { host: HOST },
      agent: false,
    });
    const chunk = Buffer.alloc(64 * 1024);
    let over = false;
    const pump = (left: number): void => {
      if (over) return;
      if (left === 0) return void sent.end();
      if (sent.write(chunk)) setImmediate(pump, left - 1);
      else sent.once("drain", () => pump(left - 1));
    };
    sent.on("error", (error) => {
      if (!over) resolve(error.message);
      over = true;
    });
    sent.once("response", (response) => {
      let body = "";
      response.on("data", (data) => (body += data));
      response.once("close", () => {
        over = true;
        sent.destroy();
        resolve(`${response.statusCode} ${body}`);
      });
    });
    pump(chunks);
  });
}

test("S12: an upload that the origin refuses with 413 while it is still sent is 413 every time, never 502", async () => {
  for (let index = 0; index < 40; index += 1) expect(await upload(200)).toBe("413 own");
});

test("S12: an upload over the plan's limit is 413 every time, never 502", async () => {
  const limited = await TestSite.build((sent, response) => void sent.resume().on("end", () => response.end()), {
    edge: { maxBodyBytes: 1_000_000 },
  });
  const whole = testSite;
  testSite = limited;
  try {
    for (let index = 0; index < 20; index += 1) expect(await upload(200)).toMatch(/^413 /);
  } finally {
    testSite = whole;
    await limited.close();
  }
});

test("S12: 119 header lines reach the origin, and its 431 reaches the client", async () => {
  for (const count of [119, 119, 119, 1_000, 20_000]) {
    lines.length = 0;
    const reply = await testSite.raw(
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n${"a:b\r\n".repeat(count)}\r\n`,
    );
    expect(reply).toMatch(/^HTTP\/1\.1 431 .*own$/s);
    expect(lines[0]).toBeGreaterThan(count);
  }
});
