/** The tunnel's secret and its connectors, against the local API. */
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type LocalApi, startApi } from "../../../infra/local/api/index.ts";
import { accountFor } from "../../../scripts/cloudflare-account/account.ts";
import { describeClient, type StackTunnel, tunnelOf } from "../../../scripts/cloudflare-account/tunnel.ts";
import { TUNNEL_TYPE } from "../../../scripts/pulumi-cli/stack-state.ts";
import { disconnectAll } from "../../../scripts/stack-connectors/disconnect.ts";
import { rotateSecret } from "../../../scripts/stack-connectors/local-connectors.ts";
import { tokenFile } from "../../../scripts/stack-connectors/token-file.ts";
import { callApi } from "../../infra/local/api/client.ts";

let api: LocalApi;
let id: string;
let folder: string;

beforeEach(async () => {
  api = await startApi({ seed: { zones: [{ name: "example.com" }] } });
  const body = { name: "site", config_src: "cloudflare" };
  const { result } = (await callApi(api, "POST", `/accounts/${api.accountId}/cfd_tunnel`, body, api.token)).body;
  id = result.id;
  folder = mkdtempSync(join(tmpdir(), "causeway-tunnel-"));
});

afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true });
});

function tunnelWith(apiToken = api.token, baseURL = api.url): StackTunnel {
  const resource = { urn: "urn:pulumi:dev::causeway::x::tunnel", type: TUNNEL_TYPE, id };
  const tunnel = tunnelOf([{ ...resource, inputs: { accountId: api.accountId } }], accountFor({ apiToken, baseURL }));
  if (tunnel === undefined) throw new Error("there is no tunnel");
  return tunnel;
}

const failureOf = (running: Promise<unknown>): Promise<string> =>
  running.then(
    () => "it did not fail",
    (error: Error) => error.message,
  );

/** Connects a connector, as the edge does, which connects again `returns` times after it was disconnected. */
function connect(client_id: string, returns: number): void {
  const connection = {
    id: `${client_id}-connection`,
    client_id,
    client_version: "2026.8.2",
    colo_name: "LCL",
    origin_ip: "198.51.100.7",
    opened_at: "2026-11-29T10:00:00Z",
    is_pending_reconnect: false,
  };
  let left = returns;
  api.cloud.reportConnections(id, [connection]);
  api.cloud.onDisconnect(() => {
    left -= 1;
    api.cloud.reportConnections(id, left >= 0 ? [connection] : []);
  });
}

const disconnects = () =>
  api.journal.filter(({ method, path }) => method === "DELETE" && path.endsWith("/connections"));

test("O4: a connector that connects again is disconnected again, and named once", async () => {
  connect("client-1", 2);
  const lines: string[] = [];
  await disconnectAll(tunnelWith(), { tell: (line) => lines.push(line), tries: 5, pauseMs: 0 });
  expect(lines).toEqual(["Came back after it was disconnected: connector client-1 at 198.51.100.7, version 2026.8.2."]);
  expect(disconnects()).toHaveLength(3);
});

test("O4: after the last try, connectors that are still connected are named with address and version", async () => {
  connect("client-1", 99);
  const message = await failureOf(disconnectAll(tunnelWith(), { tell: () => {}, tries: 3, pauseMs: 0 }));
  expect(message).toContain("1022");
  expect(message).toContain("\n  connector client-1 at 198.51.100.7, version 2026.8.2\n");
  expect(disconnects()).toHaveLength(3);
});

test("a tunnel without connections is not disconnected", async () => {
  await disconnectAll(tunnelWith(), { tell: () => {}, pauseMs: 0 });
  expect(disconnects()).toEqual([]);
});

test("a connector that is listed without connections is not connected, and what Cloudflare leaves out may be null", async () => {
  const clients = [
    { id: "gone", version: "2026.10.0", run_at: "2026-11-29T10:00:00Z", conns: null },
    { id: "gone too", version: "2026.10.0", conns: [] },
    { id: "here", version: null, run_at: null, conns: [{ origin_ip: "198.51.100.7", colo_name: null }] },
  ];
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "application/json").end(JSON.stringify({ success: true, result: clients }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const tunnel = tunnelWith("token", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const connectors = await tunnel.connectors();
  server.close();
  const here = { id: "here", version: "", startedAt: "", connections: 1, addresses: ["198.51.100.7"], dataCentres: [] };
  expect(connectors).toEqual([here]);
});

test("O16: a failure after the change says that the secret has changed, and what to do", async () => {
  await rotateSecret(tunnelWith(), folder, () => {});
  const before = readFileSync(tokenFile(folder), "utf8");
  const secret = () => api.cloud.tunnel(id)?.secret.toString("base64");
  const old = secret();
  api.faults.next({ method: "GET", path: /\/token$/ }, { status: 403, code: 10000, message: "Authentication error" });
  const message = await failureOf(rotateSecret(tunnelWith(), folder, () => {}));
  expect(message).toMatch(/^The tunnel's secret has changed, but its new token could not be read\./);
  expect(message).toMatch(/Run the same command again/);
  expect(message).toContain(tokenFile(folder));
  expect([secret() === old, readFileSync(tokenFile(folder), "utf8")]).toEqual([false, before]);
});

test("O16: after a lost response to the change the message says that it is not known whether the secret has changed", async () => {
  api.faults.next({ method: "PATCH", path: /cfd_tunnel/ }, "lost", 5);
  expect(await failureOf(rotateSecret(tunnelWith(), folder, () => {}))).toMatch(
    /has changed is not known.*Run the same/s,
  );
});

test("O16: a refused change says nothing of a changed secret", async () => {
  const reader = tunnelWith(api.issueToken(["Cloudflare Tunnel Read"]));
  const message = await failureOf(rotateSecret(reader, folder, () => {}));
  expect(message).toContain('"Cloudflare Tunnel Write"');
  expect(message).not.toContain("secret");
});

test("O1: the advice for a wrong token names no permission", async () => {
  const message = await failureOf(tunnelWith("x".repeat(40)).connectors());
  expect(message).toMatch(/9109.*The API token is wrong, or was revoked/);
  expect(message).not.toContain("permission");
});

test("O11: control characters in a connector's version do not reach the operator's terminal", () => {
  const client = {
    id: "a",
    version: "1\u001b[2J\u009b31m\u202e",
    addresses: ["198.51.100.7"],
    startedAt: "",
    connections: 4,
    dataCentres: [],
  };
  expect(describeClient(client)).toBe("connector a at 198.51.100.7, version 1?[2J?31m?");
});
