// The README's steps to a server that survives a reboot, with the units as they are and the sandbox that they ask
// systemd for. Only ports, the place of the log and the address of the edge are the test's.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Chat } from "../../../../backend/client/chat/index.ts";
import { createClient } from "../../../../backend/client/node/index.ts";
import { freePort } from "../../../../scripts/local-site/free-port.ts";
import { type EdgeForTests, startEdgeForTests } from "../../../cloudflared/edge-for-tests.ts";
import { section } from "../../../docs/markdown.ts";
import { makeBundle, type ServerBundle } from "../../../slow/scripts/server-bundle.ts";
import { within } from "../../../within.ts";
import { createMachine, type Machine } from "../machine.ts";

const ADA = { email: "ada@example.org", password: "correct horse battery", name: "Ada" };
const UNITS = ["causeway-backend", "causeway-connector"] as const;
/** Connections that cloudflared opens. */
const CONNECTIONS = 4;

/** The steps as the README has them: to install, and to run a command. */
const [INSTALL = "", COMMAND = ""] = [
  ...section("README.md", "### A server that survives a reboot").matchAll(/^```sh\n(.*?)^```$/gms),
].map(([, script]) => script);

let bundle: ServerBundle;
let edge: EdgeForTests;
let machine: Machine;
let url: string;
beforeAll(async () => {
  const [port, internalPort] = [await freePort(0), await freePort(0)];
  url = `http://127.0.0.1:${port}`;
  bundle = await makeBundle("--with-node");
  edge = await startEdgeForTests({ ingress: [{ service: url }] });
  machine = createMachine(bundle.folder, process.env.CLOUDFLARED_BIN ?? "");
  await machine.boot();
  await writeDropIn("causeway-backend", "test", [`PORT=${port}`, `INTERNAL_PORT=${internalPort}`, "DRAIN_SECONDS=2"]);
  await writeDropIn("causeway-connector", "test", [
    `TUNNEL_EDGE=${Array(CONNECTIONS).fill(edge.edge.address).join(",")}`,
    "TUNNEL_CACERT=/etc/edge.pem",
    "TUNNEL_TRANSPORT_PROTOCOL=http2",
    "TUNNEL_NO_PRECHECKS=true",
  ]);
  await machine.write("/etc/edge.pem", readFileSync(edge.edge.caFile, "utf8"));
  await machine.write("/opt/tunnel-token", edge.token);
  await machine.run(`cd /opt\n${INSTALL.replace("https://chat.example.com", url)}`);
});
afterAll(async () => {
  await machine?.remove();
  await edge?.close();
  bundle?.remove();
});

/** A drop-in of a unit, with environment variables and other lines. Its output goes into a file. */
async function writeDropIn(unit: string, name: string, env: readonly string[], lines: readonly string[] = []) {
  const variables = env.map((line) => `Environment=${line}`);
  const output = [`StandardOutput=append:/var/log/${unit}.log`, `StandardError=append:/var/log/${unit}.log`];
  const text = ["[Service]", ...variables, ...lines, ...output, ""].join("\n");
  await machine.write(`/etc/systemd/system/${unit}.service.d/${name}.conf`, text);
}

const show = async (unit: string, property: string) =>
  (await machine.run(`systemctl show --value --property=${property} ${unit}`)).trim();

/** The status of the page, requested through the tunnel. */
async function statusThroughTunnel(): Promise<number | undefined> {
  await edge.until(CONNECTIONS);
  const request = { method: "GET", path: "/", host: new URL(url).host, headers: [], body: false };
  const stream = edge.edge.open(edge.tunnelId, request);
  const response = await within("a response through the tunnel", Promise.resolve(stream?.response));
  stream?.resume();
  return response?.status;
}

test("O20: the README's steps end when backend and connector serve, each in its sandbox", async () => {
  expect(INSTALL).toContain("systemctl enable --now");
  expect(await statusThroughTunnel()).toBe(200);
  for (const unit of UNITS) {
    expect(await show(unit, "ActiveState")).toBe("active");
    const pid = await show(unit, "MainPID");
    const status = await machine.run(`cat /proc/${pid}/status`);
    expect(status).toMatch(/^Uid:\t(?!0\b)/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    const write = machine.run(`nsenter --target=${pid} --mount touch /opt/causeway/x`);
    await expect(write).rejects.toThrow("Read-only file system");
  }
});

test("O20: after a power cut all that was acknowledged is there, and the tunnel is open again", async () => {
  const client = createClient(url);
  const joined = new Chat(client);
  await client.register(ADA);
  await client.untilOnline();
  await joined.join("lobby");
  const acknowledged: string[] = [];
  const send = async (text: string) => {
    await client.call("chat.send", { room: "lobby", text, clientId: text });
    acknowledged.push(text);
  };
  for (let serial = 0; serial < 10; serial += 1) await send(`message-${serial}`);
  const cut = [10, 11, 12].map((serial) => send(`message-${serial}`).catch(() => undefined));
  await Promise.race(cut);
  await machine.cutPower();
  client.close();
  await edge.until(0);
  expect(acknowledged.length).toBeGreaterThan(10);

  await machine.boot();
  expect(await statusThroughTunnel()).toBe(200);
  const again = createClient(url);
  const chat = new Chat(again);
  await again.login({ email: ADA.email, password: ADA.password });
  await again.untilOnline();
  await chat.open("lobby");
  const texts = chat.timeline("lobby")?.messages.map(({ text }) => text) ?? [];
  expect(acknowledged.filter((text) => !texts.includes(text))).toEqual([]);
  expect(new Set(texts).size).toBe(texts.length);
  again.close();
});

test("O20: the README's command for the database works beside the backend", async () => {
  expect(await machine.run(COMMAND)).toContain(ADA.email);
});

test("O20: a backend and a connector that are killed are started again", async () => {
  const pids = await Promise.all(UNITS.map((unit) => show(unit, "MainPID")));
  await machine.run(`kill -9 ${pids.join(" ")}`);
  await edge.until(0);
  expect(await statusThroughTunnel()).toBe(200);
  for (const unit of UNITS) expect(await show(unit, "NRestarts")).toBe("1");
});

test("O20: both stop in order", async () => {
  await machine.run("systemctl stop causeway-connector causeway-backend");
  for (const unit of UNITS) {
    expect({ result: await show(unit, "Result"), code: await show(unit, "ExecMainStatus") }).toEqual({
      result: "success",
      code: "0",
    });
  }
  expect(await machine.run("tail -n 1 /var/log/causeway-backend.log")).toContain("backend stopped");
});

test("O20: a secret comes as a credential; where it is wrong the unit fails and is not started again", async () => {
  await machine.write("/etc/causeway/database-url", "hunter2@db");
  const credential = ["LoadCredential=database-url:/etc/causeway/database-url"];
  await writeDropIn("causeway-backend", "wrong", ["DATABASE_URL_FILE=%d/database-url"], credential);
  await machine.run("systemctl daemon-reload; systemctl start causeway-backend || true");
  const log = () => machine.run("tail -n 3 /var/log/causeway-backend.log");
  await within("the unit to fail", untilFailed(), () => "It did not.");
  expect(await show("causeway-backend", "ExecMainStatus")).toBe("2");
  expect(await log()).toContain("DATABASE_URL must be a URL like");
  expect(await log()).not.toContain("hunter2");
});

async function untilFailed(): Promise<void> {
  while ((await show("causeway-backend", "ActiveState")) !== "failed") {
    if (Number(await show("causeway-backend", "NRestarts")) > 1) throw new Error("It was started again.");
  }
}
