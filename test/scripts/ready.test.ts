import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "@jest/globals";
import { createInternalServer } from "../../backend/gateway/http/health.ts";
import { createMetrics } from "../../backend/gateway/metrics.ts";

const RUN = join(import.meta.dirname, "../../scripts/run.mjs");

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** Starts what a backend has at INTERNAL_PORT: it is ready from the given request on. */
async function startHealth(readyAt: number): Promise<string> {
  let requests = 0;
  const check = {
    name: "store",
    run: async () => {
      requests += 1;
      return requests >= readyAt || "it is locked";
    },
  };
  server = createInternalServer(
    [check],
    createMetrics(() => 0),
  );
  return listen(server);
}

async function listen(given: Server): Promise<string> {
  server = given.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `${(server.address() as AddressInfo).port}`;
}

function ready(env: Readonly<Record<string, string>>, ...args: string[]) {
  return new Promise<{ code: number; out: string; err: string }>((done) => {
    execFile(process.execPath, [RUN, "ready", ...args], { env }, (error, out, err) => {
      done({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

test("O20: ready exits with 0 where the backend is ready, also one that listens everywhere", async () => {
  const port = await startHealth(1);
  for (const HOST of ["127.0.0.1", "0.0.0.0"])
    expect(await ready({ INTERNAL_PORT: port, HOST })).toEqual({ code: 0, out: "", err: "" });
});

test("O20: ready exits with 1 where the backend is not ready, and shows why", async () => {
  const port = await startHealth(100);
  const { code, err } = await ready({ INTERNAL_PORT: port });
  expect(code).toBe(1);
  expect(err).toContain("ready: the backend is not ready: ");
  expect(err).toContain("it is locked");
});

test("O20: ready waits until the backend is ready", async () => {
  const port = await startHealth(3);
  expect(await ready({ INTERNAL_PORT: port }, "--wait", "40")).toMatchObject({ code: 0 });
});

test("O20: ready stops to wait when the backend's process has ended", async () => {
  const ended = execFile(process.execPath, ["--version"]);
  await once(ended, "exit");
  const port = await startHealth(Number.MAX_SAFE_INTEGER);
  const { code, err } = await ready({ INTERNAL_PORT: port, MAINPID: `${ended.pid}` }, "--wait", "86400");
  expect({ code, isNotReady: err.includes("not ready") }).toEqual({ code: 1, isNotReady: true });
});

test("O20: ready refuses an environment without the backend's internal port", async () => {
  for (const env of [{}, { INTERNAL_PORT: "0" }, { INTERNAL_PORT: "70000" }])
    expect(await ready(env)).toMatchObject({ code: 2, err: expect.stringContaining("INTERNAL_PORT must be") });
});

/** A response that goes on for ever, with so much at a time. */
const endless: (text: string, everyMs: number) => RequestListener = (text, everyMs) => (_, response) => {
  response.writeHead(200);
  const timer = setInterval(() => response.write(text), everyMs);
  response.on("close", () => clearInterval(timer));
};

test("O20: ready asks again when the backend dies in the middle of a response", async () => {
  let requests = 0;
  const port = await listen(
    createServer((_, response) => {
      requests += 1;
      if (requests > 1) response.end("{}");
      else response.writeHead(200, { "content-length": "100" }).write("{", () => response.destroy());
    }),
  );
  expect(await ready({ INTERNAL_PORT: port }, "--wait", "40")).toMatchObject({ code: 0 });
  requests = 0;
  const { code, err } = await ready({ INTERNAL_PORT: port });
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining("ended before the response did") });
});

test.each([
  ["slow", endless("x", 100), "no response within 5 s"],
  ["large", endless("x".repeat(65_536), 1), "too long"],
])("O20: ready does not read a %s response without an end", async (_, listener, why) => {
  const port = await listen(createServer(listener));
  expect(await ready({ INTERNAL_PORT: port })).toMatchObject({ code: 1, err: expect.stringContaining(why) });
});
