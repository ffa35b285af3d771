/** The whole report, with an API and an edge that are servers of this test. */
import { createServer as createPlain } from "node:http";
import { createServer as createTls } from "node:https";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { expect, test } from "@jest/globals";
import { edgeCertificates } from "../../../infra/local/tunnel/certificates.ts";
import { EDGE_SERVER_NAME } from "../../../infra/local/tunnel/server-name.ts";
import type { OperatorStack } from "../../../scripts/pulumi-cli/operator.ts";
import { TUNNEL_TYPE } from "../../../scripts/pulumi-cli/stack-state.ts";
import { readStatus } from "../../../scripts/stack-status/read-status.ts";
import { folder, listen, trust } from "./servers.ts";

const DAY_MS = 86_400_000;
/** An operator of a stack with records of these hostnames. */
function operatorOf(
  apiPort: number,
  outputs: Readonly<Record<string, unknown>> = {},
  hostnames: readonly string[] = [EDGE_SERVER_NAME],
  domains: readonly string[] = [],
): OperatorStack {
  const resources = [
    { urn: "urn:tunnel", type: TUNNEL_TYPE, id: "tunnel", inputs: { accountId: "account" } },
    ...hostnames.map((name) => ({
      urn: "urn:record",
      type: "cloudflare:index/dnsRecord:DnsRecord",
      inputs: { name, zoneId: "z" },
    })),
    ...domains.map((domain) => ({
      urn: "urn:pulumi:prod::causeway::type::access:app:admin",
      type: "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication",
      id: "app",
      inputs: { accountId: "account", domain },
      outputs: { aud: "aud" },
    })),
  ];
  const config = {
    "cloudflare:apiToken": { value: "token" },
    "cloudflare:baseUrl": { value: `http://127.0.0.1:${apiPort}` },
  };
  const cli = {
    state: async () => ({ resources, pending: [], outputs }),
    read: async () => ({ code: 0, output: JSON.stringify(config), errors: "" }),
  };
  return { stack: "prod", folder, env: {}, cli: cli as unknown as OperatorStack["cli"] };
}

test("what an API without results leaves open is not known, and the worst certificate of the edge counts", async () => {
  const api = await listen(
    createPlain((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    }),
  );
  const now = Date.now();
  const [valid, expired] = [
    await edgeCertificates(join(folder, "valid"), now),
    await edgeCertificates(join(folder, "expired"), now - 400 * DAY_MS),
  ];
  trust([valid.caFile, expired.caFile]);
  let connections = 0;
  const SNICallback = (_: string, done: (error: null, context: ReturnType<typeof createSecureContext>) => void) => {
    connections += 1;
    done(null, createSecureContext(connections === 4 ? expired : valid));
  };
  const port = await listen(
    createTls({ ...valid, SNICallback }, (_, response) => {
      response.writeHead(200, { "cf-ray": "0123456789abcdef-LCL" }).end(JSON.stringify({ healthy: true }));
    }),
  );
  const edge = { host: "127.0.0.1", port, isTls: true };
  const { checks } = await readStatus(operatorOf(api), { edge, timeoutMs: 5_000, skipsDrift: true });
  const withoutResult = expect.stringContaining("responded without a result");
  expect(checks).toEqual([
    { name: "tunnel", subject: "tunnel", state: "not known", message: withoutResult },
    { name: "record", subject: "all", state: "not known", message: withoutResult },
    { name: "requests", subject: EDGE_SERVER_NAME, state: "well", message: expect.stringContaining("4 served") },
    {
      name: "certificate",
      subject: EDGE_SERVER_NAME,
      state: "wrong",
      message: expect.stringContaining("CERT_HAS_EXPIRED"),
    },
  ]);
});

test("each service gets one request at its path, and only the gateway's hostnames are asked for its health", async () => {
  const api = await listen(createPlain((_, response) => response.end("{}")));
  const requests = new Set<string>();
  const port = await listen(
    createPlain(({ url = "", headers }, response) => {
      requests.add(`${headers.host?.split(":")[0]}${url}`);
      const status = url === "/grafana" ? 502 : url === "/" ? 302 : 200;
      response.writeHead(status, { "cf-ray": "0123456789abcdef-LCL" }).end(JSON.stringify({ healthy: true }));
    }),
  );
  const edge = { host: "127.0.0.1", port, isTls: false };
  const services = ["status.example.com", "chat.example.com/grafana"];
  const outputs = { hostnames: ["chat.example.com"], services };
  const operator = operatorOf(api, outputs, ["chat.example.com", "status.example.com"]);
  const { checks } = await readStatus(operator, { edge, timeoutMs: 5_000, skipsDrift: true });
  expect(checks.filter(({ name }) => name === "requests" || name === "service")).toEqual([
    { name: "requests", subject: "chat.example.com", state: "well", message: expect.stringContaining("4 served") },
    { name: "service", subject: "status.example.com", state: "well", message: "status 302 through the edge" },
    { name: "service", subject: "chat.example.com/grafana", state: "wrong", message: "status 502" },
  ]);
  expect([...requests].toSorted()).toEqual([
    "chat.example.com/api/health",
    "chat.example.com/grafana",
    "status.example.com/",
  ]);
});

test("behind Access, neither the gateway nor a service is asked, and no connector is called broken", async () => {
  const clients = [{ id: "c", version: "2026.8.2", run_at: "2026-11-27T19:00:00Z", conns: [{}] }];
  const api = await listen(
    createPlain(({ url = "" }, response) => {
      const result = url.endsWith("/connections") ? clients : { id: "tunnel", status: "healthy" };
      response.setHeader("content-type", "application/json").end(JSON.stringify({ success: true, result }));
    }),
  );
  const requests: string[] = [];
  const port = await listen(
    createPlain(({ url = "", headers }, response) => {
      requests.push(`${headers.host?.split(":")[0]}${url}`);
      const location = "https://example.cloudflareaccess.com/cdn-cgi/access/login/admin.example.com?kid=aud";
      response.writeHead(302, { "cf-ray": "0123456789abcdef-LCL", location }).end();
    }),
  );
  const edge = { host: "127.0.0.1", port, isTls: false };
  const outputs = { hostnames: ["admin.example.com"], services: ["admin.example.com/tools"] };
  const operator = operatorOf(api, outputs, ["admin.example.com"], ["admin.example.com"]);
  const { checks } = await readStatus(operator, { edge, timeoutMs: 5_000, skipsDrift: true });
  expect(checks.filter(({ name }) => !["tunnel", "record"].includes(name))).toEqual([
    {
      name: "connector",
      subject: "c",
      state: "not known",
      message: expect.stringContaining("every hostname of the gateway is behind Access"),
    },
    {
      name: "application",
      subject: "admin.example.com",
      state: "well",
      message: "leads to the login at example.cloudflareaccess.com",
    },
  ]);
  expect(requests).toEqual(["admin.example.com/"]);
});
