/** Requests through an edge that is a server of this test: what a visitor's connection shows. */
import { createServer as createPlain, type RequestListener } from "node:http";
import { createServer as createTls } from "node:https";
import { expect, test } from "@jest/globals";
import { edgeCertificates } from "../../../infra/local/tunnel/certificates.ts";
import { EDGE_SERVER_NAME } from "../../../infra/local/tunnel/server-name.ts";
import { type EdgeExchange, requestThroughEdge } from "../../../scripts/stack-status/edge-request.ts";
import { outcomeOf, requestHealth } from "../../../scripts/stack-status/health-request.ts";
import { folder, listen, trust } from "./servers.ts";

const DAY_MS = 86_400_000;
const healthy: RequestListener = (request, response) => {
  const connector = new URL(request.url ?? "", "http://site").searchParams.get("connectors")?.split(",")[1];
  response.writeHead(200, { "cf-ray": "0123456789abcdef-LCL" }).end(JSON.stringify({ healthy: true, connector }));
};

/** Asks an edge with a certificate that was issued so long ago; the authority is trusted. */
async function askTls(hostname: string, issuedDaysAgo: number): Promise<EdgeExchange> {
  const { key, cert, caFile } = await edgeCertificates(folder, Date.now() - issuedDaysAgo * DAY_MS);
  trust([caFile]);
  const port = await listen(createTls({ key, cert }, healthy));
  return requestThroughEdge({ hostname, path: "/", edge: { host: "127.0.0.1", port, isTls: true }, timeoutMs: 5_000 });
}

async function askPlain(listener: RequestListener, timeoutMs = 5_000) {
  const edge = { host: "127.0.0.1", port: await listen(createPlain(listener)), isTls: false };
  return requestHealth({ hostname: "chat.example.com", edge, timeoutMs }, ["a", "b"]);
}

test("the certificate is the one of the hostname, and a browser would accept it", async () => {
  const { certificate, response } = await askTls(EDGE_SERVER_NAME, 0);
  expect(certificate?.problem).toBeUndefined();
  expect(certificate?.validUntil).toBeGreaterThan(Date.now() + 300 * DAY_MS);
  expect(response?.status).toBe(200);
});

test.each([
  ["of another hostname", "chat.example.com", 0, "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["that has expired", EDGE_SERVER_NAME, 400, "CERT_HAS_EXPIRED"],
])("a certificate %s is told, and the request is made all the same", async (_, hostname, daysAgo, problem) => {
  const { certificate, response } = await askTls(hostname, daysAgo);
  expect(certificate?.problem).toBe(problem);
  expect(response?.status).toBe(200);
});

test("the gateway's health names the connector", async () => {
  expect((await askPlain(healthy)).outcome).toEqual({ kind: "reached", connector: "b" });
});

test("a response that does not come in time, and one that is cut off, are failures", async () => {
  expect((await askPlain(() => {}, 200)).outcome).toEqual({ kind: "failed", reason: "no response within 0.2 s" });
  const cut = await askPlain((request) => request.socket.destroy());
  expect(cut.outcome).toEqual({ kind: "failed", reason: "socket hang up" });
});

test("a change of the protocol, which nobody asked for, is a failure", async () => {
  const switching: RequestListener = ({ socket }) => {
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
  };
  expect((await askPlain(switching)).outcome).toEqual({ kind: "failed", reason: "status 101" });
});

test("a body without an end is not read to the end", async () => {
  const endless: RequestListener = (_, response) => {
    response.writeHead(200, { "cf-ray": "0123456789abcdef-LCL" });
    const write = () => {
      while (!response.destroyed && response.write("x".repeat(16_384)));
    };
    response.on("drain", write);
    write();
  };
  expect((await askPlain(endless)).outcome).toEqual({ kind: "failed", reason: "status 200" });
});

const response = { status: 200, ray: "0123456789abcdef-LCL", isChallenge: false, json: {} };
test.each([
  ["an error of the edge", { ...response, status: 530, json: { error_code: 1033 } }, "failed", "status 530 (1033)"],
  [
    "a refusal of the gateway",
    { ...response, status: 503, json: { error: { code: "UNAVAILABLE" } } },
    "failed",
    "(UNAV",
  ],
  ["another server", { ...response, ray: undefined }, "failed", "no CF-Ray"],
  ["a challenge", { ...response, status: 403, isChallenge: true }, "not known", "challenges"],
  ["a rate limit", { ...response, status: 429 }, "not known", "too many requests"],
  ["an older policy or backend", { ...response, status: 404 }, "not known", "of this version"],
])("%s", (_, given, kind, reason) => {
  expect(outcomeOf({ response: given })).toEqual({ kind, reason: expect.stringContaining(reason) });
});
