import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { EdgeError, startEdge } from "../../../../infra/local/edge/index.ts";
import { TestSite } from "./test-site.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function testSite(...args: Parameters<typeof TestSite.build>): Promise<TestSite> {
  const built = await TestSite.build(...args);
  open.push(built);
  return built;
}

/** An origin that is no HTTP server: it sends these bytes to every request. */
async function rawOrigin(testSite: TestSite, bytes: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(Buffer.from(bytes, "latin1")));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await testSite.sendTo(port);
  open.push(server);
  return server;
}

test("a port that is in use is reported as that", async () => {
  const { edge, api, tunnel } = await testSite((_request, response) => response.end());
  const second = startEdge({ port: edge.port, cloud: api.cloud, tunnel });
  await expect(second).rejects.toThrow(`127.0.0.1:${edge.port}`);
  await expect(second).rejects.toBeInstanceOf(EdgeError);
  await expect(second).rejects.toMatchObject({ code: "PORT_IN_USE" });
  await expect(startEdge({ port: 70_000, cloud: api.cloud, tunnel })).rejects.toThrow();
  const plain = startEdge({ plainPort: edge.port, cloud: api.cloud, tunnel });
  await expect(plain).rejects.toMatchObject({ code: "PORT_IN_USE" });
});

test("an origin whose response is not HTTP, or has an impossible status, is a 502", async () => {
  const road = await testSite((_request, response) => response.end());
  await rawOrigin(road, "hello\r\n\r\n");
  expect((await road.get()).status).toBe(502);
  await rawOrigin(road, "HTTP/1.1 777 Lucky\r\nContent-Length: 2\r\n\r\nhi");
  expect((await road.get()).status).toBe(502);
  expect((await road.over(2))[1]?.failure?.code).toBe(502);
});

test("a bug behind the edge costs one connection, is recorded, and the edge goes on", async () => {
  const road = await testSite((_request, response) => response.end("fine"), {
    edge: {
      tunnel: {
        open() {
          throw new RangeError("a bug");
        },
      },
    },
  });
  expect((await road.get()).status).toBe(502);
  expect((await road.over(1))[0]?.failure?.message).toContain("a bug");
});

test("an API whose state cannot be read costs one connection", async () => {
  const road = await testSite((_request, response) => response.end("fine"), {
    edge: {
      cloud: {
        zoneOf() {
          throw new RangeError("another bug");
        },
        accessAccounts: () => [],
        onChange: () => () => {},
      },
    },
  });
  await expect(road.get()).rejects.toThrow();
  const [record] = await road.over(1);
  expect(record).toMatchObject({ status: 500, host: "", failure: { code: 500 } });
  expect(record?.failure?.message).toContain("another bug");
  expect(await road.raw("GET / HTTP/1.1\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
});
