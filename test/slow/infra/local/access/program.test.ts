/** `causeway:access` whole: the program's applications, at the local edge and at the kit's own connector. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startCloudflared } from "../../../../../cloudflared/index.ts";
import { type LocalApi, startApi } from "../../../../../infra/local/api/index.ts";
import { type Edge, startEdge } from "../../../../../infra/local/edge/index.ts";
import { applyProgram } from "../../../../../infra/local/engine/index.ts";
import { startCloudTunnels } from "../../../../../infra/local/tunnel/index.ts";

const running = new AsyncDisposableStack();
let api: LocalApi;
let edge: Edge;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), "causeway-access-program-"));
  running.defer(() => rmSync(folder, { recursive: true }));
  api = await startApi();
  running.defer(() => api.close());
  const origin = await listening(createServer((incoming, response) => response.end(JSON.stringify(incoming.headers))));
  running.defer(() => void origin.close());
  const tunnel = await startCloudTunnels({
    cloud: api.cloud,
    certificates: join(folder, "certificates"),
    onRefused: () => {},
  });
  running.defer(() => tunnel.close());
  const applied = await applyProgram({
    project: "causeway",
    stack: "local",
    config: {
      "causeway:zone": api.zoneName,
      "causeway:hostnames": JSON.stringify([`chat.${api.zoneName}`, `admin.${api.zoneName}`]),
      "causeway:origin": `http://127.0.0.1:${(origin.address() as AddressInfo).port}`,
      "causeway:access": JSON.stringify({
        team: "causeway",
        applications: [
          { name: "admin", hostname: `admin.${api.zoneName}`, emails: ["ann@example.com"], serviceTokens: ["ci"] },
          { name: "api", hostname: `chat.${api.zoneName}`, path: "/api/admin", emails: ["ann@example.com"] },
        ],
        serviceTokens: { ci: { duration: "48h" } },
      }),
    },
    stateFile: join(folder, "stack.json"),
    api: { url: api.url, token: api.token },
  });
  edge = await startEdge({ cloud: api.cloud, tunnel });
  running.defer(() => edge.close());
  const connector = await startCloudflared({
    token: String(applied.secrets.tunnelToken),
    local: {
      edge: tunnel.address,
      caFile: tunnel.caFile,
      accessCertificates: `http://127.0.0.1:${edge.port}/cdn-cgi/access/certs`,
    },
    env: {},
    gracePeriodMs: 100,
  });
  running.defer(() => connector.stop());
});
afterAll(() => running.disposeAsync());

async function listening(server: Server): Promise<Server> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

interface Got {
  readonly status: number;
  readonly location: string;
  readonly cookie: string;
  readonly body: string;
}

function get(
  host: string,
  path: string,
  headers: Record<string, string> = {},
  form?: Record<string, string>,
): Promise<Got> {
  const type = { "content-type": "application/x-www-form-urlencoded" };
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port: edge.port,
        path,
        method: form ? "POST" : "GET",
        headers: { host: `${host}:${edge.port}`, ...headers, ...(form && type) },
        agent: false,
      },
      async (response) => {
        let body = "";
        for await (const chunk of response) body += chunk;
        const { location = "", "set-cookie": cookies } = response.headers;
        resolve({ status: response.statusCode ?? 0, location, cookie: cookies?.[0]?.split(";")[0] ?? "", body });
      },
    );
    sent.on("error", reject);
    sent.end(form && new URLSearchParams(form).toString());
  });
}

async function signIn(host: string, path: string, email: string): Promise<Got> {
  const first = await get(host, path);
  const login = new URL(first.location);
  const chosen = await get(login.hostname, login.pathname, {}, { meta: login.searchParams.get("meta") ?? "", email });
  if (chosen.location === "") return chosen;
  const { pathname, search } = new URL(chosen.location);
  return get(host, `${pathname}${search}`, { cookie: first.cookie });
}

test("a person signs in to each application, and the connector lets the assertion of that application pass", async () => {
  const [chat, admin] = [`chat.${api.zoneName}`, `admin.${api.zoneName}`];
  expect((await get(chat, "/")).status).toBe(200);
  expect((await get(admin, "/")).status).toBe(302);
  expect((await signIn(admin, "/", "bob@example.com")).body).toContain("bob@example.com may not open");
  const { cookie } = await signIn(admin, "/", "ann@example.com");
  const page = await get(admin, "/", { cookie });
  expect([page.status, JSON.parse(page.body)["cf-access-jwt-assertion"]]).toEqual([200, cookie.split("=")[1]]);
  // the cookie of one application opens no other
  expect((await get(chat, "/api/admin/users", { cookie })).status).toBe(302);
  const other = (await signIn(chat, "/api/admin/users", "ann@example.com")).cookie;
  expect((await get(chat, "/api/admin/users", { cookie: other })).status).toBe(200);
});
