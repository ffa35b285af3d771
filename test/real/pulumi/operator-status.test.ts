/** `npm run status`: the site through the edge, its connectors, records and drift. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Edge, startEdge } from "../../../infra/local/edge/index.ts";
import { signalTree } from "../../../scripts/command-line/processes.ts";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { type OperatorStage, openOperatorStage } from "./operator-stage.ts";

const RUN = resolve(import.meta.dirname, "../../../scripts/run.mjs");

let stage: OperatorStage;
let edge: Edge;
let backend: ChildProcess;
const connectors: ChildProcess[] = [];

interface Check {
  readonly name: string;
  readonly subject: string;
  readonly state: string;
  readonly message: string;
}

beforeAll(async () => {
  stage = await openOperatorStage();
  edge = await startEdge({ cloud: stage.api.cloud, tunnel: stage.tunnels });
  stage.env = { ...stage.env, EDGE_URL: edge.url };
  const port = await freePort(0);
  await stage.workspace.run("config", "set", "--stack", "dev", "origin", `http://127.0.0.1:${port}`);
  const service = { hostname: "chat.example.com", path: "/tools", origin: `http://127.0.0.1:${port}` };
  for (const [member, value] of Object.entries(service))
    await stage.workspace.run("config", "set", "--stack", "dev", "--path", `services[0].${member}`, value);
  const env = { PATH: process.env.PATH, PORT: String(port), DATA_DIR: join(stage.workspace.dir, "site") };
  backend = spawn(process.execPath, [RUN, "backend"], { env, stdio: ["ignore", "pipe", "inherit"] });
});

afterAll(async () => {
  for (const { pid } of connectors) if (pid !== undefined) signalTree(pid, "SIGCONT");
  if (backend?.exitCode === null) {
    const ended = once(backend, "close");
    backend.kill("SIGTERM");
    await ended;
  }
  await stage?.close();
  await edge?.close();
});

/** Runs it, and returns what it found. */
async function status(...args: readonly string[]) {
  const { code, text } = await stage.npmRun("status", "--format", "json", "--timeout", "3", ...args);
  const line = text.split("\n").find((one) => one.startsWith("{")) ?? "{}";
  const { checks = [], ...report }: { checks?: readonly Check[]; state?: string } = JSON.parse(line);
  const about = (name: string) => checks.filter((check) => check.name === name);
  return { code, text, report, about };
}

const zone = () => stage.api.cloud.zoneOf("chat.example.com");

test("before the first `up`, nothing is deployed", async () => {
  const { code, text } = await stage.npmRun("status");
  expect([code, text]).toEqual([1, expect.stringContaining("nothing is deployed")]);
});

test("without a connector, the tunnel and each request are wrong", async () => {
  expect(await stage.npmRun("up", "--yes", "--skip-preview")).toMatchObject({ code: 0 });
  const { code, about } = await status("--skip-drift");
  expect(code).toBe(1);
  expect(about("tunnel")).toMatchObject([{ state: "wrong", message: "inactive: no connector was ever started" }]);
  expect(about("requests")).toMatchObject([{ state: "wrong", message: expect.stringContaining("status 530 (1033)") }]);
  expect(about("record")).toMatchObject([{ state: "well", subject: "chat.example.com" }]);
});

test("with two connectors, all is well: each has carried requests", async () => {
  const token = (await stage.workspace.run("stack", "output", "tunnelToken", "--show-secrets", "--stack", "dev")).text;
  for (let index = 0; index < 2; index += 1) connectors.push(await stage.startForeignConnector(token.trim()));
  const { code, text, report, about } = await status();
  expect([code, text]).toEqual([0, expect.anything()]);
  // cloudflared is ready with its first connection, and makes the other three a second apart
  const connections = expect.any(Number);
  expect(report).toMatchObject({ state: "well", stack: "dev", connectors: [{ connections }, { connections }] });
  expect(about("connector").map(({ state }) => state)).toEqual(["well", "well"]);
  expect(about("connector")[0]?.message).toMatch(
    /version \S+, runs for \d+ minutes?, .*[1-4] connections? to .*carried \d+/,
  );
  expect(about("drift")).toMatchObject([{ state: "well", message: "none" }]);
  // the gateway stands in for the service: the edge lets it have what its surface lacks
  expect(about("service")).toEqual([
    { name: "service", subject: "chat.example.com/tools", state: "well", message: "status 404 through the edge" },
  ]);
  expect(text).not.toContain(token.trim());
  const people = await stage.npmRun("status", "--skip-drift");
  expect(people).toMatchObject({ code: 0, text: expect.stringMatching(/^dev at \S+: all well\.$/m) });
});

/** Runs the command of causeway-status.service with its variables and those of status.env; folders are the test's. */
async function runUnit(ofEnvFile: NodeJS.ProcessEnv) {
  const unit = readFileSync("cloudflared/causeway-status.service", "utf8");
  const valuesOf = (key: string) =>
    [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value = ""]) => value);
  const folders = { "%S": join(stage.workspace.dir, "lib"), "%C": join(stage.workspace.dir, "cache") };
  const own = valuesOf("Environment").map((line) => {
    const [name = "", ...value] = line.split("=");
    return [name, value.join("=").replace(/%[SC]/, (place) => folders[place as keyof typeof folders])];
  });
  const env = { PATH: process.env.PATH, ...Object.fromEntries(own), ...ofEnvFile };
  const [program = "", ...args] = (valuesOf("ExecStart")[0] ?? "").split(" ");
  expect(program).toBe("/usr/bin/node");
  const started = args.map((arg) => (/^\$\{STACK\}$/.test(arg) ? (env.STACK ?? "") : arg));
  const child = spawn(process.execPath, started, { cwd: stage.workspace.dir, env, stdio: ["ignore", "pipe", "pipe"] });
  const [text, problems, [code]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, "close"),
  ]);
  return { code, text: text + problems };
}

test("O20: the command of causeway-status.service needs no variable but those of the unit and of status.env", async () => {
  const { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, PULUMI_BIN, PULUMI_DEBUG_PROVIDERS, EDGE_URL } = stage.env;
  // the last three stand for the CLI in /usr/bin, its plugin and Cloudflare's edge
  const file = { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, PULUMI_BIN, PULUMI_DEBUG_PROVIDERS, EDGE_URL };
  expect(await runUnit({ ...file, STACK: "dev" })).toEqual({ code: 0, text: expect.stringContaining(": all well.") });
  expect(await runUnit(file)).toMatchObject({ code: 2 });
  expect(await runUnit({ ...file, STACK: "dev", PULUMI_CONFIG_PASSPHRASE: "wrong" })).toMatchObject({ code: 2 });
});

test("a connector that is connected and carries nothing is found, and told from the other one", async () => {
  const [half] = connectors;
  if (half?.pid === undefined) throw new Error("there is no connector");
  signalTree(half.pid, "SIGSTOP");
  const { code, about } = await status("--skip-drift");
  signalTree(half.pid, "SIGCONT");
  expect(code).toBe(1);
  expect(about("tunnel")).toMatchObject([{ state: "well" }]);
  expect(
    about("connector")
      .map(({ state }) => state)
      .sort(),
  ).toEqual(["well", "wrong"]);
  expect(about("connector").find(({ state }) => state === "wrong")?.message).toMatch(/half-dead/);
  expect(about("requests")).toMatchObject([{ message: expect.stringMatching(/\d failed: no response within 3 s/) }]);
});

test("a record that was changed by hand is wrong, and so is the drift", async () => {
  const [record] = zone()?.records ?? [];
  const place = { zone_id: stage.api.zoneId, type: "CNAME", name: "chat.example.com", ttl: 1 } as const;
  const content = record?.content ?? "";
  await stage.cloudflare.dns.records.edit(record?.id ?? "", { ...place, content, proxied: false });
  const { about } = await status();
  expect(about("record")).toMatchObject([{ state: "wrong", message: expect.stringContaining("not proxied") }]);
  expect(about("drift")).toMatchObject([{ state: "wrong", message: expect.stringContaining("1 change by hand") }]);
  await stage.cloudflare.dns.records.edit(record?.id ?? "", {
    ...place,
    content: "elsewhere.example.net",
    proxied: true,
  });
  const moved = await status("--skip-drift");
  expect(moved.about("record")).toMatchObject([{ message: expect.stringContaining("CNAME elsewhere.example.net") }]);
  await stage.cloudflare.dns.records.edit(record?.id ?? "", { ...place, content, proxied: true });
});

test("what cannot be found out is 2, and it is no failure of the site", async () => {
  stage.api.faults.next({ path: /connections|cfd_tunnel\/[^/]*$/ }, { status: 500 }, 2);
  const { code, about } = await status("--skip-drift");
  expect([code, about("tunnel")]).toMatchObject([2, [{ state: "not known" }]]);
  await stage.setApiToken("x".repeat(40));
  expect(await stage.npmRun("status")).toMatchObject({ code: 2 });
  await stage.setApiToken(stage.apiToken);
  expect(await stage.npmRun("status", "--timeout", "0")).toMatchObject({ code: 2 });
  stage.env = { ...stage.env, EDGE_URL: "127.0.0.1" };
  expect(await stage.npmRun("status")).toMatchObject({ code: 2, text: expect.stringContaining("EDGE_URL is") });
});
