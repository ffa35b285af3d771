/**
 * The commands of the README's operator chapter, as they are and in their order, with the real CLI and the connector of
 * this machine, on a Cloudflare on localhost. What differs from the README: the address of the API in the stacks'
 * files, ports, and the backend of Pulumi, which is a folder of the test (`--local` is the home folder of the user
 * database, whatever `HOME` says). A block of commands that no test runs fails this test.
 */
import type { ChildProcess } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Edge, startEdge } from "../../../infra/local/edge/index.ts";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import type { PulumiRun } from "../../../scripts/pulumi-cli/workspace.ts";
import { startConnector } from "../../../scripts/rehearsal/connectors.ts";
import { visit } from "../../../scripts/rehearsal/visitors.ts";
import { section } from "../../docs/markdown.ts";
import { selfSigned } from "../../self-signed.ts";
import { within } from "../../within.ts";
import { type OperatorStage, openOperatorStage, PERMISSIONS } from "./operator-stage.ts";
import {
  runOnTerminal,
  shellBlocks,
  startCommand,
  stopCommand,
  type TerminalPlace,
  type TypedAnswer,
} from "./operator-terminal.ts";
import { thingsOf } from "./stage-copy.ts";

const CHAPTER = "## The operator";
const ROOT = resolve(import.meta.dirname, "../../..");
const PASSPHRASE = "a long passphrase";
const GUEST = ["Zone Read", "DNS Write", "Zone WAF Read", "Cloudflare Tunnel Write"] as const;

/** Blocks that run in other tests, by a command of theirs, with the file that runs them. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  "npm run rehearse": "test/real/pulumi/rehearse.test.ts",
  "systemctl enable --now causeway-backend": "test/real/boot/chat/reboot.test.ts",
  "runuser -u causeway": "test/real/boot/chat/reboot.test.ts",
  "ACCESS_TEAM=example": "test/real/operator/access.test.ts",
  "CAUSEWAY_OPENS=": "test/real/operator/access.test.ts",
};

/** Blocks that cannot run as they are, by a command of theirs, with the reason. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "--secrets-provider 'awskms:": "needs Amazon's service; operator.test.ts has another provider",
  "scp -r bundle": "needs a second machine; test/slow/scripts/bundle.test.ts makes and starts the bundle",
  "mv /opt/causeway.new": "needs a second version",
};

let stage: OperatorStage;
let edge: Edge;
let place: TerminalPlace;
let ports: { readonly prod: number; readonly staging: number; readonly team: number };
/** The program below a path of the site's hostname. */
let grafana: Server;
const running: ChildProcess[] = [];
const ran = new Set<string>();

beforeAll(async () => {
  stage = await openOperatorStage();
  edge = await startEdge({ cloud: stage.api.cloud, tunnel: stage.tunnels });
  ports = { prod: await freePort(0), staging: await freePort(0), team: await freePort(0) };
  const { dir } = stage.workspace;
  copyFileSync(join(ROOT, "Pulumi.example.yaml"), join(dir, "Pulumi.example.yaml"));
  const env: NodeJS.ProcessEnv = {
    ...stage.env,
    // before the npm package of that name, which npm puts on PATH
    PATH: [dirname(stage.env.PULUMI_BIN ?? ""), stage.workspace.environment.PATH].join(delimiter),
    PORT: String(ports.prod),
    PULUMI_DISABLE_CI_DETECTION: "true", // else it does not ask where a CI runs this test
    EDGE_URL: edge.url,
    TUNNEL_GRACE_PERIOD: "2s",
  };
  for (const name of ["DATA_DIR", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"]) delete env[name];
  place = { cwd: dir, env };
});

afterAll(async () => {
  grafana?.closeAllConnections();
  grafana?.close();
  for (const child of running) await stopCommand(child);
  await edge?.close();
  await stage?.close();
});

/** The block below a heading that has a command. */
function block(heading: string, command: string): string {
  const found = shellBlocks(heading).find((text) => text.includes(command));
  if (found === undefined) throw new Error(`README.md has no \`${command}\` below "${heading}"`);
  ran.add(found);
  return found;
}

/** Runs commands as the README has them, and returns their exit code and what they wrote. */
function type(commands: string, answers: readonly TypedAnswer[]): Promise<PulumiRun> {
  const here = commands
    .replace("http://127.0.0.1:3010", `http://127.0.0.1:${ports.staging}`)
    .replace(/--local(?= )|s3:\/\/YOUR-BUCKET/, `file://${stage.workspace.dir}/backend-of-pulumi`);
  return runOnTerminal(here, answers, place);
}

/** Runs the block, and expects that no command of it fails. */
async function run(heading: string, command: string, ...answers: readonly TypedAnswer[]): Promise<string> {
  const { code, text } = await type(block(heading, command), answers);
  if (code !== 0) throw new Error(`${command}: exit code ${code}: ${text}`);
  return text;
}

/** Starts each line of the block, as in a terminal of its own. */
function start(heading: string, command: string): void {
  const lines = block(heading, command)
    .replace("PORT=3010", `PORT=${ports.staging}`)
    .replace("PORT=3100", `PORT=${ports.team}`)
    .trim()
    .split("\n");
  for (const line of lines) running.push(startCommand(line, place));
}

/** Waits until the hostname is served through edge, tunnel and connector. */
async function untilServed(hostname: string): Promise<void> {
  let status = 0;
  const served = async () => {
    for (; status !== 200; await delay(200)) ({ status } = await visit(edge.port, hostname, "/api/health"));
  };
  await within(`${hostname} to respond`, served(), () => `The last status was ${status}.`);
}

/** Adds to the file of a stack what the README has the operator fill in, and the address of the test's API. */
function fillIn(stack: string, text: string): void {
  const file = join(place.cwd, `Pulumi.${stack}.yaml`);
  writeFileSync(file, readFileSync(file, "utf8").replace(/^config:\n/m, `config:\n${text}`));
}

const APPROVES: TypedAnswer = [/Do you want to perform this update/, "yes\r"];
const typesToken = (token: string): TypedAnswer => [/value: /, `${token}\r`];
const tokenOf = (stack: string): string => readFileSync(join(place.cwd, `.data/${stack}/tunnel-token`), "utf8").trim();

async function tunnelsLeft(): Promise<readonly unknown[]> {
  const account = { account_id: stage.api.accountId, is_deleted: false };
  return (await stage.cloudflare.zeroTrust.tunnels.cloudflared.list(account)).result;
}

const startsWith = (token: string): Promise<unknown> =>
  startConnector({ TUNNEL_TOKEN: token }, stage.tunnels).then((child) => running.push(child));

const FIRST = "### From a zone to a running chat";
const STAGING = "### Staging beside it";
const SERVICE = "### A second service";
const LOST = "### A lost state";
const COLLEAGUE = "### A colleague's server";
const ROTATED = "### A rotated token";

test("from a zone to a running chat", async () => {
  await run(FIRST, "cp Pulumi.example.yaml");
  fillIn("prod", `  causeway:origin: http://127.0.0.1:${ports.prod}\n  cloudflare:baseUrl: ${stage.api.url}\n`);
  mkdirSync(join(place.cwd, "backend-of-pulumi"));
  const skips: TypedAnswer = [/What would you like to do\?[\s\S]*Skip for now/, "Skip\r"];
  await run(FIRST, "pulumi stack init prod", skips, [/run `pulumi new`/, `${PASSPHRASE}\r`]);
  place = { ...place, env: { ...place.env, PULUMI_CONFIG_PASSPHRASE: PASSPHRASE } };
  const needs = await type(block(FIRST, "npm run token"), []);
  expect(needs.text).toContain("Cloudflare Tunnel: Edit");
  const lacks = await type(block(FIRST, "pulumi config set --secret"), [typesToken(stage.apiToken)]);
  // as the README says: before the first `up` one permission is not known
  expect(lacks).toEqual({ code: 2, text: expect.stringContaining("not known") });
  expect(await run(FIRST, "npm run preview", APPROVES)).toContain("ORIGINS=https://chat.example.com");
  start(FIRST, "npm run connector");
  await untilServed("chat.example.com");
  expect((await visit(edge.port, "chat.example.com", "/.env")).status).toBe(403);
});

test("staging beside it: its hostname reaches its own backend", async () => {
  fillIn("prod", '  causeway:guests: ["staging.example.com", "dev-*.example.com"]\n');
  await run(STAGING, "npm run up -- --stack prod", APPROVES);
  const [copy = "", ...rest] = block(STAGING, "pulumi stack init staging").split("\n");
  expect(await type(copy, [])).toMatchObject({ code: 0 });
  const file = join(place.cwd, "Pulumi.staging.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/chat\.example\.com(?=\n?$)/, "staging.example.com"));
  fillIn("staging", `  cloudflare:baseUrl: ${stage.api.url}\n`);
  const answers = [typesToken(stage.api.issueToken(GUEST)), APPROVES];
  const made = await type(rest.join("\n"), answers);
  expect(made).toEqual({ code: 0, text: expect.stringContaining("ORIGINS=https://staging.example.com") });
  start(STAGING, "DATA_DIR=.data/staging");
  await untilServed("staging.example.com");
  expect(tokenOf("staging")).not.toBe(tokenOf("prod"));
});

/** What is at Cloudflare, without what every write changes. */
function atCloudflare(): unknown {
  const volatile = ["version", "last_updated", "modified_on", "config_created_at"];
  return JSON.parse(JSON.stringify(thingsOf(place.cwd), (key, value) => (volatile.includes(key) ? undefined : value)));
}

/** Who responds at a hostname: the key set of a backend is its own. */
const bodyAt = async (hostname: string, path = "/.well-known/jwks.json"): Promise<string> =>
  (await visit(edge.port, hostname, path)).body;

test("a second service: a backend at its hostname, a program with an authority of its own below a path", async () => {
  const { key, cert } = await selfSigned("grafana.internal");
  const caPool = join(place.cwd, "internal-ca.pem");
  writeFileSync(caPool, cert);
  grafana = createServer({ key, cert }, (request, response) => response.end(`grafana has ${request.url}`));
  await new Promise<void>((done) => grafana.listen(0, "127.0.0.1", done));
  const settings = /```yaml\n(.*?)^```/ms.exec(section("README.md", SERVICE))?.[1] ?? "";
  const here = settings
    .replaceAll(/^(?=.)/gm, "  ")
    .replace("127.0.0.1:3100", `127.0.0.1:${ports.team}`)
    .replace("10.0.0.5:3000", `127.0.0.1:${(grafana.address() as AddressInfo).port}`)
    .replace("/etc/causeway/internal-ca.pem", caPool);
  const [file, before] = [join(place.cwd, "Pulumi.prod.yaml"), atCloudflare()];
  const without = readFileSync(file, "utf8");
  fillIn("prod", here);
  await run(SERVICE, "npm run up -- --stack prod", APPROVES);
  start(SERVICE, "DATA_DIR=.data/team");
  await untilServed("status.example.com");
  const own = await bodyAt("chat.example.com");
  expect([own === (await bodyAt("status.example.com")), own === (await bodyAt("chat.example.com"))]).toEqual([
    false,
    true,
  ]);
  expect(await bodyAt("chat.example.com", "/grafana/d?from=now")).toBe("grafana has /grafana/d?from=now");
  expect(await visit(edge.port, "chat.example.com", "/grafanax")).toMatchObject({ status: 403 });

  writeFileSync(file, without);
  const calls = stage.api.journal.length;
  expect(await type("npm run up -- --stack prod --yes --skip-preview", [])).toMatchObject({ code: 0 });
  expect(stage.writesSince(calls).filter((call) => !call.startsWith("PUT"))).toEqual(["DELETE dns_records/ID"]);
  expect(atCloudflare()).toEqual(before);
  const gone = [visit(edge.port, "status.example.com", "/"), visit(edge.port, "chat.example.com", "/grafana/")];
  expect((await Promise.all(gone)).map(({ status }) => status)).toEqual([409, 403]);
  for (const hostname of ["chat.example.com", "staging.example.com"]) await untilServed(hostname);
});

test("a rotated token: the old one starts no connector, and the site is served", async () => {
  const before = tokenOf("prod");
  expect(await run(ROTATED, "npm run rotate", APPROVES)).toContain("has the new token");
  expect(tokenOf("prod")).not.toBe(before);
  await expect(startsWith(before)).rejects.toThrow(/ended with/);
  await untilServed("chat.example.com");
  const output = await type("pulumi stack output tunnelToken --show-secrets --stack prod", []);
  expect(output.text).toContain(tokenOf("prod"));
});

test("a replaced API token: all commands below use the new one", async () => {
  const next = stage.api.issueToken(PERMISSIONS);
  await run(ROTATED, "pulumi config set --secret", typesToken(next));
  stage.api.revokeToken(stage.apiToken);
});

test("a lost state: with a copy and without one nothing is made twice, and the token stays", async () => {
  const [before, tunnels] = [tokenOf("prod"), await tunnelsLeft()];
  const lose = () => rmSync(join(stage.workspace.dir, "backend-of-pulumi/.pulumi"), { recursive: true });
  await run(LOST, "pulumi stack export");
  for (const commands of ["pulumi stack import", "pulumi stack init"]) {
    lose();
    const found = shellBlocks(LOST).find((text) => text.includes(commands) && !ran.has(text)) ?? "";
    ran.add(found);
    const calls = stage.api.journal.length;
    expect(await type(found, [APPROVES])).toMatchObject({ code: 0 });
    expect(stage.writesSince(calls).filter((call) => !call.startsWith("PUT"))).toEqual([]);
    expect([tokenOf("prod"), (await tunnelsLeft()).length]).toEqual([before, tunnels.length]);
    await untilServed("chat.example.com");
  }
  expect(await type("npm run drift -- --stack prod", [])).toMatchObject({ code: 0 });
});

test("a colleague's server: another clone sees no change, and a second connector serves the site", async () => {
  const clone = join(place.cwd, "colleague");
  mkdirSync(clone);
  for (const name of ["Pulumi.yaml", "package.json", "infra", "backend", "scripts", "node_modules"]) {
    symlinkSync(join(ROOT, name), join(clone, name));
  }
  for (const file of ["prod", "staging"].map((stack) => `Pulumi.${stack}.yaml`)) {
    copyFileSync(join(place.cwd, file), join(clone, file));
  }
  const { PULUMI_CONFIG_PASSPHRASE: _, ...locked } = place.env;
  place = { cwd: clone, env: { ...locked, PULUMI_HOME: join(clone, "home") } };
  expect(await run(COLLEAGUE, "pulumi login", [/Logged in/, `${PASSPHRASE}\r`])).toMatch(/\d+ unchanged/);
  place = { ...place, env: { ...place.env, PULUMI_CONFIG_PASSPHRASE: PASSPHRASE } };
  const [write = "", serve = ""] = block(COLLEAGUE, "> token").split("\n");
  expect(await type(write, [])).toMatchObject({ code: 0 });
  running.push(startCommand(serve, place));
  const listed = async () => {
    for (;;) {
      const { text } = await type("npm run status -- --stack prod --format json --skip-drift", []);
      const line = text.split("\n").find((one) => one.startsWith("{")) ?? "{}";
      if ((JSON.parse(line) as { connectors?: readonly unknown[] }).connectors?.length === 2) return;
    }
  };
  await within("two connectors in `status`", listed());
  await untilServed("chat.example.com");
});

test("the connector by itself is the command of the second server", () => {
  const alone = block("### Run a connector by itself", "npm run connector");
  expect(block(COLLEAGUE, "> token")).toContain(alone);
});

test("each block of commands of the chapter ran here, or runs in the test that is named, or is named with a reason", () => {
  const known = Object.keys({ ...ELSEWHERE, ...NOT_RUN });
  const left = shellBlocks(CHAPTER).filter((text) => !ran.has(text));
  expect(left.filter((text) => !known.some((command) => text.includes(command)))).toEqual([]);
  expect(known.filter((command) => !left.some((text) => text.includes(command)))).toEqual([]);
  const reboot = readFileSync(join(ROOT, "test/real/boot/chat/reboot.test.ts"), "utf8");
  expect(reboot).toContain('section("README.md", "### A server that survives a reboot")');
  const access = readFileSync(join(ROOT, "test/real/operator/access.test.ts"), "utf8");
  expect(access).toContain('const HEADING = "### An admin page behind Access"');
});
