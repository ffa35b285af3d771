/** The operator's commands as an operator runs them, with the real CLI, against a Cloudflare on localhost. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type Cloudflare from "cloudflare";
import { registeredConnectors } from "../../../cloudflared/index.ts";
import type { LocalApi } from "../../../infra/local/api/index.ts";
import type { PulumiRun } from "../../../scripts/pulumi-cli/workspace.ts";
import { type OperatorStage, openOperatorStage } from "./operator-stage.ts";
import { startVault, type VaultStandIn } from "./vault.ts";
import { type JobRun, runJob } from "./workflow-job.ts";

let stage: OperatorStage;
let api: LocalApi;
let cloudflare: Cloudflare;
let vault: VaultStandIn | undefined;

beforeAll(async () => {
  stage = await openOperatorStage();
  ({ api, cloudflare } = stage);
});

afterAll(async () => {
  await stage?.close();
  vault?.close();
});

/** A command that deletes what it has just written fails the test. */
const npmRun = (name: string, ...args: readonly string[]): Promise<PulumiRun> =>
  api.run(name, () => stage.npmRun(name, ...args));
const up = (): Promise<PulumiRun> => npmRun("up", "--yes", "--skip-preview");

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
  await stage.workspace.run("config", "rm", "cloudflare:apiToken");
  const { code, text } = await up();
  expect(code).not.toBe(0);
  expect(text).toContain("cloudflare:apiToken: got nothing, expected an API token");
  expect(text).not.toContain("at readAccess");
  expect(api.journal).toEqual([]);
  await stage.setApiToken(stage.apiToken);
});

test("without the passphrase it says so", async () => {
  const { PULUMI_CONFIG_PASSPHRASE: passphrase, ...without } = stage.env;
  stage.env = without;
  expect(await npmRun("preview")).toMatchObject({ code: 1, text: expect.stringMatching(/PULUMI_CONFIG_PASSPHRASE/) });
  stage.env = { ...without, PULUMI_CONFIG_PASSPHRASE: passphrase };
});

test("obstacles are reported with the line that takes them over; then `up` deploys, and a preview is empty", async () => {
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
  expect(stage.writesSince(calls)).toEqual([]);
  const adopt = /causeway:adopt: (\{.*\})/.exec(refused.text)?.[1] ?? "";
  const file = join(stage.workspace.dir, "Pulumi.dev.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("config:\n", `config:\n  causeway:adopt: ${adopt}\n`));

  expect(await up()).toMatchObject({ code: 0, text: expect.stringContaining("2 imported") });
  expect(statSync(stage.tokenFile).mode & 0o777).toBe(0o400);
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
  expect(stage.writesSince(calls)).toEqual(["PUT dns_records/ID"]);
});

test("the jobs for GitHub check, preview, deploy and find drift, and leave neither a token nor a file", async () => {
  const { PULUMI_BACKEND_URL, PULUMI_CONFIG_PASSPHRASE, PULUMI_BIN, DATA_DIR, PULUMI_HOME: _, ...env } = stage.env;
  const { dir: cwd } = stage.workspace;
  const values = {
    "vars.CAUSEWAY_STACK": "dev",
    "vars.PULUMI_BACKEND_URL": PULUMI_BACKEND_URL ?? "",
    "secrets.PULUMI_CONFIG_PASSPHRASE": PULUMI_CONFIG_PASSPHRASE ?? "",
  };
  const PATH = [dirname(PULUMI_BIN ?? ""), env.PATH].join(delimiter);
  const job = (file: string, name: string) => runJob(file, name, { cwd, env: { ...env, PATH }, values });
  const before = readdirSync(cwd);
  const tunnelToken = readFileSync(stage.tokenFile, "utf8").trim();
  const secrets = [stage.apiToken, tunnelToken, JSON.parse(Buffer.from(tunnelToken, "base64").toString()).s];
  const expectClean = (run: JobRun) => {
    expect(secrets.filter((secret) => JSON.stringify(run).includes(secret))).toEqual([]);
    expect(Object.keys(run.left)).toEqual([]);
    expect(readdirSync(cwd)).toEqual(before);
  };
  expect(await job("preview.yml", "check")).toMatchObject({ failed: false });
  const preview = await job("preview.yml", "preview");
  expect(preview.summary).toMatch(/^### `preview` of dev: exit code 0\n<pre>\n[\s\S]*\d+ unchanged[\s\S]*<\/pre>\n$/);
  expectClean(preview);

  const [record] = api.cloud.zoneOf("chat.example.com")?.records ?? [];
  const changed = { type: "CNAME", name: "chat.example.com", content: "x.example.org", ttl: 1 } as const;
  await cloudflare.dns.records.edit(record?.id ?? "", { zone_id: api.zoneId, ...changed });
  const drift = await job("drift.yml", "drift");
  expect(drift).toMatchObject({
    failed: false,
    outputs: "code=1\n",
    summary: expect.stringContaining("x.example.org"),
  });
  expectClean(drift);

  const deploy = await job("deploy.yml", "up");
  expect(deploy).toMatchObject({ failed: false, text: expect.stringContaining("1 updated") });
  expect(deploy.text).toContain("The tunnel's token was not written to a file.");
  expectClean(deploy);
  expect((await job("drift.yml", "drift")).outputs).toBe("code=0\n");

  // not known is a failure, and the last step runs nevertheless
  const unknown = await runJob("drift.yml", "drift", {
    cwd,
    env: { ...env, PATH },
    values: { ...values, "vars.CAUSEWAY_STACK": "none" },
  });
  expect(unknown).toMatchObject({ failed: true, outputs: "code=2\n" });
  expectClean(unknown);
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

test("with another secrets provider no command needs a passphrase, here and in the tests below", async () => {
  vault = await startVault();
  stage.workspace.setEnvironment(vault.environment);
  const provider = ["change-secrets-provider", "hashivault://site", "--stack", "dev"];
  expect(await stage.workspace.run("stack", ...provider)).toMatchObject({ code: 0 });
  const file = readFileSync(join(stage.workspace.dir, "Pulumi.dev.yaml"), "utf8");
  expect(file).toMatch(/^secretsprovider: hashivault:\/\/site$/m);
  expect(file).toMatch(/^encryptedkey: /m);
  expect(file).not.toContain("encryptionsalt");
  stage.workspace.setEnvironment({ PULUMI_CONFIG_PASSPHRASE: undefined });
  const { PULUMI_CONFIG_PASSPHRASE: _, ...without } = stage.env;
  const decrypted = vault.decrypted();
  stage.env = without;
  expect(await npmRun("preview")).toMatchObject({ code: 1, text: expect.stringMatching(/VAULT/) });
  expect(vault.decrypted()).toBe(decrypted);
  stage.env = { ...without, ...vault.environment };
  expect(await npmRun("preview", "--expect-no-changes")).toMatchObject({ code: 0 });
  expect(await up()).toMatchObject({ code: 0 });
  expect(vault.decrypted()).toBeGreaterThan(decrypted);
});

test("a stack may be named with its organization and project, but not one of another project", async () => {
  expect(await stage.npmRunOf("organization/causeway/dev", "drift")).toMatchObject({ code: 0 });
  expect(await stage.npmRunOf("organization/causeway/dev", "up", "--yes")).toMatchObject({
    code: 0,
    text: expect.stringContaining(stage.tokenFile),
  });
  expect(await stage.npmRunOf("organization/other/dev", "up", "--yes")).toMatchObject({
    code: 2,
    text: expect.stringContaining("of the project other. Pulumi.yaml of this folder names causeway."),
  });
});

test("rotate replaces each connector of this machine by one with the new secret", async () => {
  const connector = spawn(process.execPath, [join(import.meta.dirname, "../../../scripts/run.mjs"), "connector"], {
    cwd: stage.workspace.dir,
    env: { ...stage.env, TUNNEL_TOKEN_FILE: stage.tokenFile },
    stdio: ["ignore", "pipe", "ignore"],
  });
  await once(connector.stdout, "data");
  const before = readFileSync(stage.tokenFile, "utf8");
  const { code, text } = await npmRun("rotate");
  expect(text).toContain(`Connector ${connector.pid} has the new token.`);
  expect(text).toMatch(/stack output tunnelToken --show-secrets` prints the old token/);
  expect(code).toBe(0);
  expect(readFileSync(stage.tokenFile, "utf8")).not.toBe(before);
  expect(text).not.toContain(before.trim());
  const running = await registeredConnectors(stage.tokenFile);
  expect(running.map(({ pid }) => pid)).toEqual([connector.pid]);
});

test("no token stands in plain text in any file of the stack but its token file", async () => {
  const tunnelToken = readFileSync(stage.tokenFile, "utf8").trim();
  const secrets = [stage.apiToken, tunnelToken, JSON.parse(Buffer.from(tunnelToken, "base64").toString()).s];
  // the rest of the folder is links to the project
  const files = ["state", "home", "data"].flatMap((folder) =>
    readdirSync(join(stage.workspace.dir, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name)),
  );
  files.push(join(stage.workspace.dir, "Pulumi.dev.yaml"));
  const holding = files.filter((file) => secrets.some((secret) => readFileSync(file).includes(secret)));
  expect(holding).toEqual([stage.tokenFile]);
  expect(files.some((file) => basename(file) === "dev.json")).toBe(true);
});

const CTRL_C = "\x03";
const CTRL_D = "\x04";

test("on a terminal `down` wants the stack's name: anything else does nothing, and says so", async () => {
  const calls = api.journal.length;
  for (const [answer, said] of [
    ["prod\r", '"dev" was not typed; nothing was done.'],
    [CTRL_C, "not confirmed; nothing was done."],
    [CTRL_D, "not confirmed; nothing was done."],
  ] as const) {
    const { code, text } = await stage.onTerminal("down", /Type dev to go on: /, answer);
    expect([code, text]).toEqual([1, expect.stringContaining(`down: ${said}`)]);
    expect(text).not.toContain("    at ");
  }
  expect(stage.writesSince(calls)).toEqual([]);
  expect(await registeredConnectors(stage.tokenFile)).toHaveLength(1);
});

test("`down` does nothing where it cannot ask", async () => {
  const { code, text } = await npmRun("down");
  expect([code, text]).toEqual([1, expect.stringContaining("with --yes")]);
  expect(await registeredConnectors(stage.tokenFile)).toHaveLength(1);
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
  expect(existsSync(stage.tokenFile)).toBe(false);
});
