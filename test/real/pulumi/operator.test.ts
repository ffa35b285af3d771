/** The operator's commands as an operator runs them, with the real CLI, against a Cloudflare on localhost. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import Cloudflare from "cloudflare";
import { registered } from "../../../cloudflared/index.ts";
import { type LocalApi, startApi } from "../../../infra/local/api/index.ts";
import { type ProviderServer, startProviderServer } from "../../../infra/local/provider/grpc/index.ts";
import { startCloudTunnels, type TunnelEdge } from "../../../infra/local/tunnel/index.ts";
import { getPulumi } from "../../../scripts/pulumi/find-cli.ts";
import { openWorkspace, type Run, type Workspace } from "../../../scripts/pulumi/workspace.ts";

const root = resolve(import.meta.dirname, "../../..");

let api: LocalApi;
let provider: ProviderServer;
let tunnels: TunnelEdge;
let workspace: Workspace;
let env: NodeJS.ProcessEnv;
let cloudflare: Cloudflare;
const tokenFile = () => join(workspace.dir, "data", "dev", "tunnel-token");

beforeAll(async () => {
  api = await startApi({ seed: { zones: [{ name: "example.com" }] } });
  provider = await startProviderServer();
  const pulumi = await getPulumi(process.env);
  workspace = openWorkspace({
    pulumi,
    root,
    links: ["infra", "backend", "Pulumi.yaml", "package.json"],
    files: {},
    environment: { PULUMI_DEBUG_PROVIDERS: provider.debugProviders },
  });
  tunnels = await startCloudTunnels({ cloud: api.cloud, certificates: join(workspace.dir, "certificates") });
  cloudflare = new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off" });
  env = {
    ...process.env,
    PULUMI_BIN: pulumi,
    PULUMI_BACKEND_URL: `file://${workspace.dir}/state`,
    PULUMI_HOME: join(workspace.dir, "home"),
    PULUMI_CONFIG_PASSPHRASE: "rehearsal",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DEBUG_PROVIDERS: provider.debugProviders,
    DATA_DIR: join(workspace.dir, "data"),
    TUNNEL_EDGE: tunnels.address,
    TUNNEL_CACERT: tunnels.caFile,
    NODE_OPTIONS: undefined,
  };
  await workspace.run("stack", "init", "dev");
  await workspace.run("config", "set", "zone", "example.com");
  await workspace.run("config", "set", "--path", "hostnames[0]", "chat.example.com");
  await workspace.run("config", "set", "cloudflare:baseUrl", api.url);
});

afterAll(async () => {
  for (const { pid } of await registered(tokenFile())) process.kill(pid, "SIGTERM");
  workspace.remove();
  await tunnels.close();
  await provider.close();
  await api.close();
});

/** A command that deletes what it has just written fails the test. */
function npmRun(verb: string, ...args: readonly string[]): Promise<Run> {
  return api.run(verb, () => spawnVerb(verb, args));
}

function spawnVerb(verb: string, args: readonly string[]): Promise<Run> {
  return new Promise((done, failed) => {
    const script = join(root, "scripts/run.mjs");
    const child = spawn(process.execPath, [script, verb, "--stack", "dev", ...args], {
      cwd: workspace.dir,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    child.once("error", failed);
    child.once("close", (code) => done({ code: code ?? 255, text }));
  });
}
const up = (): Promise<Run> => npmRun("up", "--yes", "--skip-preview");
const writesSince = (from: number): string[] =>
  api.journal
    .slice(from)
    .filter(({ method }) => method !== "GET")
    .map(
      ({ method, path }) =>
        `${method} ${path
          .split("/")
          .slice(3)
          .join("/")
          .replaceAll(/[0-9a-f-]{32,36}/g, "ID")}`,
    );

/** Records and rulesets of the zone, without what every write changes. */
const zoneContent = (): unknown => {
  const { records, rulesets } = api.cloud.zoneOf("chat.example.com") ?? {};
  const volatile = ["version", "last_updated", "modified_on", "comment_modified_on", "tags_modified_on"];
  return JSON.parse(
    JSON.stringify({ records, rulesets }, (key, value) => (volatile.includes(key) ? undefined : value)),
  );
};
let foundZone: unknown;

test("without a token nothing is created, and it says what to set", async () => {
  const { code, text } = await up();
  expect(code).not.toBe(0);
  expect(text).toContain("cloudflare:apiToken: got nothing, expected an API token");
  expect(text).not.toContain("at readAccess");
  expect(api.journal).toEqual([]);
  await workspace.run("config", "set", "--secret", "cloudflare:apiToken", api.token);
});

test("without the passphrase it says so", async () => {
  const { PULUMI_CONFIG_PASSPHRASE: passphrase, ...without } = env;
  env = without;
  expect(await npmRun("preview")).toMatchObject({ code: 1, text: expect.stringMatching(/PULUMI_CONFIG_PASSPHRASE/) });
  env = { ...without, PULUMI_CONFIG_PASSPHRASE: passphrase };
});

test("what stands in the way is told with the line that takes it over; then `up` deploys, and a preview is empty", async () => {
  const zone_id = api.zoneId;
  await cloudflare.rulesets.create({
    zone_id,
    kind: "zone",
    name: "default",
    phase: "http_request_firewall_custom",
    rules: [{ ref: "theirs", expression: "ssl", action: "skip", action_parameters: { ruleset: "current" } }],
  });
  await cloudflare.dns.records.create({
    zone_id,
    type: "CNAME",
    name: "chat.example.com",
    content: "old.example.com",
    ttl: 300,
    comment: "the old host",
    tags: ["team:web"],
  });
  foundZone = zoneContent();
  const calls = api.journal.length;
  const refused = await up();
  expect(refused.code).not.toBe(0);
  expect(writesSince(calls)).toEqual([]);
  const adopt = /causeway:adopt: (\{.*\})/.exec(refused.text)?.[1] ?? "";
  const file = join(workspace.dir, "Pulumi.dev.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("config:\n", `config:\n  causeway:adopt: ${adopt}\n`));

  expect(await up()).toMatchObject({ code: 0, text: expect.stringContaining("2 imported") });
  expect(statSync(tokenFile()).mode & 0o777).toBe(0o400);
  expect(await npmRun("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
  expect(await npmRun("drift")).toEqual({ code: 0, text: expect.stringContaining("No drift") });
});

test("a change by hand is drift: exit code 1 and a table; `up` puts it back", async () => {
  const [record] = api.cloud.zoneOf("chat.example.com")?.records ?? [];
  if (record === undefined) throw new Error("there is no record");
  await cloudflare.dns.records.edit(record.id, {
    zone_id: api.zoneId,
    type: "CNAME",
    name: record.name,
    content: "elsewhere.example.org",
    ttl: 1,
  });
  const { code, text } = await npmRun("drift");
  expect(code).toBe(1);
  expect(text).toMatch(/^chat\.example\.com +content +"[0-9a-f-]{36}\.cfargotunnel\.com" +"elsewhere\.example\.org"$/m);
  const calls = api.journal.length;
  expect(await up()).toMatchObject({ code: 0 });
  expect(writesSince(calls)).toEqual(["PUT dns_records/ID"]);
});

test("a tunnel deleted elsewhere is drift, stops a preview and a rotation, and `up` makes a new one", async () => {
  const account_id = api.accountId;
  const live = async () =>
    (await cloudflare.zeroTrust.tunnels.cloudflared.list({ account_id, is_deleted: false })).result.map(({ id }) => id);
  const [old = ""] = await live();
  await cloudflare.zeroTrust.tunnels.cloudflared.delete(old, { account_id });
  const drift = await npmRun("drift");
  expect([drift.code, drift.text]).toEqual([1, expect.stringMatching(/^tunnel +resource +"there" +\(deleted\)$/m)]);
  const told = { code: 1, text: expect.stringMatching(/npm run up/) };
  expect([await npmRun("preview"), await npmRun("rotate")]).toEqual([told, told]);
  const { code, text } = await up();
  expect([code, text]).toEqual([0, expect.stringContaining(`The tunnel ${old} was deleted elsewhere`)]);
  const [now, ...others] = await live();
  expect(others).toEqual([]);
  expect(api.cloud.zoneOf("chat.example.com")?.records.map(({ content }) => content)).toEqual([
    `${now}.cfargotunnel.com`,
  ]);
  expect(await npmRun("drift")).toMatchObject({ code: 0 });
});

test("rotate replaces each connector of this machine by one with the new secret", async () => {
  const connector = spawn(process.execPath, [join(root, "scripts/run.mjs"), "connector"], {
    cwd: workspace.dir,
    env: { ...env, TUNNEL_TOKEN_FILE: tokenFile() },
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(connector.stdout, "data");
  const before = readFileSync(tokenFile(), "utf8");
  const { code, text } = await npmRun("rotate");
  expect(text).toContain(`Connector ${connector.pid} has the new token.`);
  expect(text).toMatch(/stack output tunnelToken --show-secrets` prints the old token/);
  expect(code).toBe(0);
  expect(readFileSync(tokenFile(), "utf8")).not.toBe(before);
  expect(text).not.toContain(before.trim());
  const running = await registered(tokenFile());
  expect(running.map(({ pid }) => pid)).toEqual([connector.pid]);
});

test("no token stands in plain text in any file of the stack but its token file", async () => {
  const tunnelToken = readFileSync(tokenFile(), "utf8").trim();
  const secrets = [api.token, tunnelToken, JSON.parse(Buffer.from(tunnelToken, "base64").toString()).s];
  // the rest of the folder is links to the project
  const files = ["state", "home", "data"].flatMap((folder) =>
    readdirSync(join(workspace.dir, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
  files.push(join(workspace.dir, "Pulumi.dev.yaml"));
  const holding = files.filter((file) => secrets.some((secret) => readFileSync(file).includes(secret)));
  expect(holding).toEqual([tokenFile()]);
  expect(files.some((file) => basename(file) === "dev.json")).toBe(true);
});

/** `npm run VERB` on a terminal, as util-linux's `script` makes one; once it has asked, `answer` is typed. */
function onTerminal(verb: string, asked: RegExp, answer: string): Promise<Run> {
  const command = [process.execPath, join(root, "scripts/run.mjs"), verb, "--stack", "dev"].join(" ");
  const child = spawn("script", ["-qefc", command, "/dev/null"], {
    cwd: workspace.dir,
    env: { ...env, TERM: "xterm" },
  });
  let text = "";
  let typed = false;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    if (typed || !asked.test(text)) return;
    typed = true;
    child.stdin.write(answer);
  });
  return once(child, "close").then(([code]) => ({ code: Number(code), text }));
}

const CTRL_C = "\x03";
const CTRL_D = "\x04";

test("on a terminal `down` wants the stack's name: anything else does nothing, and says so", async () => {
  const calls = api.journal.length;
  for (const [answer, said] of [
    ["prod\r", '"dev" was not typed; nothing was done.'],
    [CTRL_C, "not confirmed; nothing was done."],
    [CTRL_D, "not confirmed; nothing was done."],
  ] as const) {
    const { code, text } = await onTerminal("down", /Type dev to go on: /, answer);
    expect([code, text]).toEqual([1, expect.stringContaining(`down: ${said}`)]);
    expect(text).not.toContain("    at ");
  }
  expect(writesSince(calls)).toEqual([]);
  expect(await registered(tokenFile())).toHaveLength(1);
});

test("`down` does nothing where it cannot ask", async () => {
  const { code, text } = await npmRun("down");
  expect([code, text]).toEqual([1, expect.stringContaining("with --yes")]);
  expect(await registered(tokenFile())).toHaveLength(1);
});

test("O12: `down` ends the connectors, deletes what the stack made, and puts an adopted site back as it was found", async () => {
  const preview = await npmRun("down", "--preview-only");
  expect(preview.text).toMatch(
    /put back as it was found:\n(?: {2}.*\n)* {2}record +chat\.example\.com +[0-9a-f]{32} +CNAME old\.example\.com$/m,
  );
  const { code, text } = await npmRun("down", "--yes");
  expect([code, text]).toEqual([0, expect.stringMatching(/^Stopped connector \d+\.$/m)]);
  expect(text).toMatch(/^Put back as it was found: record chat\.example\.com, CNAME old\.example\.com\.$/m);
  expect(text).toMatch(/^Put back as it was found: ruleset http_request_firewall_custom, one rule\.$/m);
  expect(zoneContent()).toEqual(foundZone);
  expect(
    await cloudflare.zeroTrust.tunnels.cloudflared.list({ account_id: api.accountId, is_deleted: false }),
  ).toMatchObject({ result: [] });
  expect(existsSync(tokenFile())).toBe(false);
}, 120_000);
