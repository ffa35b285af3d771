/** An owner and two guests of one zone, deployed by the in-process engine, each with its own tunnel and origin. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { type LocalApi, startApi } from "../../../../../infra/local/api/index.ts";
import { type Edge, startEdge } from "../../../../../infra/local/edge/index.ts";
import { type Applied, type ApplyOptions, applyProgram } from "../../../../../infra/local/engine/index.ts";
import { createSecretCipher } from "../../../../../infra/local/engine/sealing.ts";
import { StackState } from "../../../../../infra/local/engine/stack-state.ts";
import { startConnector } from "../../../../../infra/local/tunnel/connector/index.ts";
import { startCloudTunnels, type TunnelEdge } from "../../../../../infra/local/tunnel/index.ts";

const NAMES = ["prod", "staging", "dev"] as const;
type Name = (typeof NAMES)[number];
const ORDERS = NAMES.flatMap((first) =>
  NAMES.filter((name) => name !== first).map((second) => [
    first,
    second,
    ...NAMES.filter((name) => name !== first && name !== second),
  ]),
);

interface Stack {
  readonly hostname: string;
  readonly origin: Server;
  readonly options: ApplyOptions;
  connector?: Awaited<ReturnType<typeof startConnector>>;
}

let folder: string;
let api: LocalApi;
let tunnels: TunnelEdge;
let edge: Edge;
const stacks = new Map<Name, Stack>();
const deployed = new Set<Name>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "causeway-guests-"));
  api = await startApi();
  tunnels = await startCloudTunnels({ cloud: api.cloud, certificates: join(folder, "certificates") });
  edge = await startEdge({ cloud: api.cloud, tunnel: tunnels });
  const guests = `["staging.${api.zoneName}","dev-*.${api.zoneName}"]`;
  const guest = { "causeway:role": "guest" };
  const roles = { prod: { "causeway:guests": guests }, staging: guest, dev: guest };
  for (const name of NAMES) {
    const origin = createServer((_, response) => response.end(name));
    await new Promise<void>((done) => origin.listen(0, "127.0.0.1", done));
    const hostname = `${{ prod: "chat", staging: "staging", dev: "dev-ada" }[name]}.${api.zoneName}`;
    const config = {
      "causeway:zone": api.zoneName,
      "causeway:hostnames": hostname,
      "causeway:origin": `http://127.0.0.1:${(origin.address() as AddressInfo).port}`,
      ...roles[name],
    };
    const stateFile = join(folder, `${name}.json`);
    const options = { project: "causeway", stack: name, config, stateFile, api: { url: api.url, token: api.token } };
    stacks.set(name, { hostname, origin, options });
  }
});
afterAll(async () => {
  for (const { connector, origin } of stacks.values()) {
    await connector?.stop();
    origin.closeAllConnections();
    origin.close();
  }
  await edge?.close();
  await tunnels?.close();
  await api?.close();
  rmSync(folder, { recursive: true });
});

const stackOf = (name: Name): Stack => stacks.get(name) as Stack;

/** Status and text of a response through the edge. */
const ask = (name: Name, path = "/"): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname } = stackOf(name);
    const headers = { host: `${hostname}:${edge.port}` };
    const sent = request({ host: "127.0.0.1", port: edge.port, path, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.once("end", () => resolve(response.statusCode === 200 ? text : String(response.statusCode)));
    });
    sent.once("error", reject).end();
  });

const connect = async (name: Name, { secrets }: Applied): Promise<void> => {
  const stack = stackOf(name);
  stack.connector = await startConnector({
    token: String(secrets.tunnelToken),
    edge: [tunnels.address],
    ca: readFileSync(tunnels.caFile, "utf8"),
    gracePeriodMs: 100,
  });
  await stack.connector.ready;
};

/** Deploys a stack and starts its connector. */
async function up(name: Name): Promise<Applied> {
  // a run that deletes what it has just written fails the test
  const applied = await api.run("up", () => applyProgram(stackOf(name).options));
  deployed.add(name);
  await connect(name, applied);
  return applied;
}

/** Stops its connector and deletes what is in its state. */
async function down(name: Name): Promise<void> {
  const { connector, options } = stackOf(name);
  await connector?.stop();
  const state = new StackState(options.stateFile, createSecretCipher(`${options.stateFile}.key`));
  for (const resource of state.resources.filter(({ protect }) => protect)) {
    state.put({ ...resource, protect: false }, resource);
  }
  await applyProgram({ ...options, program: new URL("data:text/javascript,export default {}") });
  deployed.delete(name);
}

test("a guest waits for its owner, and deploys a tunnel with its configuration and a record", async () => {
  const early = await applyProgram(stackOf("staging").options).catch((error: unknown) => error);
  expect(early).toMatchObject({ code: "PREFLIGHT", message: expect.stringContaining("guest_without_owner") });
  const owner = await up("prod");
  const guest = await up("staging");
  expect(guest.steps.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
    "create guard",
    "create staging.causeway.localhost",
    "create tunnel",
    "create tunnel-config",
  ]);
  expect(guest.outputs).toMatchObject({ role: "guest", hostnames: ["staging.causeway.localhost"] });
  expect(guest.outputs.tunnelId).not.toBe(owner.outputs.tunnelId);
  await up("dev");
  expect(await Promise.all(NAMES.map((name) => ask(name)))).toEqual([...NAMES]);
  expect(await Promise.all(NAMES.map((name) => ask(name, "/.env")))).toEqual(["403", "403", "403"]);
  expect(await Promise.all(NAMES.map((name) => ask(name, "/api/only-here")))).toEqual(["403", "staging", "dev"]);
  // each run leaves the others as they are
  for (const name of NAMES) {
    const { steps } = await applyProgram(stackOf(name).options);
    expect(steps.filter(({ op }) => op !== "same")).toEqual([]);
  }
});

test("a new secret of one tunnel changes nothing for the others", async () => {
  const { options, connector } = stackOf("staging");
  const cloudflare = new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off" });
  const before = await applyProgram(options);
  await cloudflare.zeroTrust.tunnels.cloudflared.edit(String(before.outputs.tunnelId), {
    account_id: api.accountId,
    tunnel_secret: Buffer.alloc(32, 7).toString("base64"),
  });
  await connector?.stop();
  await expect(connect("staging", before)).rejects.toThrow();
  await connect("staging", await applyProgram(options));
  expect(await Promise.all(NAMES.map((name) => ask(name)))).toEqual([...NAMES]);
});

test.each(ORDERS)("destroyed in the order %s, %s, %s, the others go on", async (...order) => {
  for (const name of NAMES) if (!deployed.has(name)) await up(name);
  for (const name of order as Name[]) {
    await down(name);
    expect(await ask(name)).toMatch(/^\d{3}$/);
    for (const other of deployed) {
      expect([other, await ask(other)]).toEqual([other, other]);
      // without the owner its guests have no rules
      expect([other, await ask(other, "/.env")]).toEqual([other, deployed.has("prod") ? "403" : other]);
    }
  }
  const zone = api.cloud.zoneOf(stackOf("prod").hostname);
  expect([zone?.records, zone?.rulesets]).toEqual([[], []]);
  const { result } = await new Cloudflare({ apiToken: api.token, baseURL: api.url }).zeroTrust.tunnels.cloudflared.list(
    {
      account_id: api.accountId,
      is_deleted: false,
    },
  );
  expect(result).toEqual([]);
});
