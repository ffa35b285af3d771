// The origin of tunnel.bench.ts, in a thread of its own: answers 1 kB, or 16 MiB for `/big`.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parentPort } from "node:worker_threads";

const small = Buffer.alloc(1024, "x");
const big = Buffer.alloc(16 << 20, "y");
const server = createServer((request, response) => {
  const body = request.url === "/big" ? big : small;
  response.writeHead(200, { "content-type": "text/plain", "content-length": body.length }).end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => parentPort?.postMessage((server.address() as AddressInfo).port));
