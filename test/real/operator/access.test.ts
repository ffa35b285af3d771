/**
 * The README's "An admin page behind Access" with the real CLI, the real cloudflared and the backend: its commands, and
 * what happens to such a stack.
 */
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Edge, startEdge } from "../../../infra/local/edge/index.ts";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { codes, section } from "../../docs/markdown.ts";
import { type AskedSite, ask as askEdge, PASSWORD, signIn } from "../../journeys/test-site.ts";
import { within } from "../../within.ts";
import { startVendor, type Vendor } from "../access/vendor.ts";
import { type OperatorStage, openOperatorStage, PERMISSIONS } from "../pulumi/operator-stage.ts";
import { shellBlocks, startCommand, stopCommand } from "../pulumi/operator-terminal.ts";
import { loseState } from "../pulumi/stage-copy.ts";

const README = resolve(import.meta.dirname, "../../../README.md");
const HEADING = "### An admin page behind Access";
const CHAPTER = section(README, HEADING);
const CHAT = "chat.example.com";
const ADMIN = "admin.example.com";
const ACCESS = [
  "Access: Apps and Policies Write",
  "Access: Service Tokens Write",
  "Access: Organizations, Identity Providers, and Groups Read",
] as const;

let stage: OperatorStage;
let edge: Edge;
let origin: Server;
let vendor: Vendor;
/** Where the origin sends requests on to; absent: it responds itself. */
let backendPort: number | undefined;
const running: ChildProcess[] = [];
/** Requests for the protected hostname that reached the origin without an assertion. */
const unchecked: string[] = [];

beforeAll(async () => {
  stage = await openOperatorStage({ permissions: ACCESS });
  edge = await startEdge({ cloud: stage.api.cloud, tunnel: stage.tunnels });
  stage.env = { ...stage.env, EDGE_URL: edge.url };
  vendor = await startVendor("causeway", async () => (await fetch(new URL("/cdn-cgi/access/certs", edge.url))).text());
  origin = createServer((incoming, response) => {
    const { method, headers, url = "" } = incoming;
    if (headers.host?.startsWith(ADMIN) && !headers["cf-access-jwt-assertion"]) unchecked.push(url);
    if (backendPort === undefined) {
      response.setHeader("content-type", "application/json").end('{"healthy":true}');
      return;
    }
    const passedOn = request({ host: "127.0.0.1", port: backendPort, path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(passedOn);
  });
  await new Promise<void>((done) => origin.listen(0, "127.0.0.1", done));
  const { port } = origin.address() as AddressInfo;
  await stage.workspace.run("config", "set", "origin", `http://127.0.0.1:${port}`);
  await stage.workspace.run("config", "rm", "hostnames");
  const block = /^( *)```yaml\n(.*?)^\1```/ms.exec(CHAPTER)?.[2] ?? "";
  const settings = block.replaceAll(/^ {3}/gm, "  ").replace("team: example", "team: causeway");
  configure((text) => text.replace(/^config:\n/m, `config:\n${settings}`));
});

afterAll(async () => {
  for (const child of running) await stopCommand(child);
  await stage?.close();
  await edge?.close();
  await vendor?.close();
  origin?.closeAllConnections();
  origin?.close();
});

/** Changes the file of the stack; returns its text before. */
function configure(change: (text: string) => string): string {
  const file = join(stage.workspace.dir, "Pulumi.dev.yaml");
  const before = readFileSync(file, "utf8");
  const after = change(before);
  if (after === before) throw new Error(`nothing of it is changed: ${before}`);
  writeFileSync(file, after);
  return before;
}

/** Runs the chapter's command that begins so, for the stack of this test. */
async function type(start: string, ...more: readonly string[]) {
  const found = codes(CHAPTER).find((text) => text.replaceAll(/\s+/g, " ").startsWith(start));
  if (found === undefined) throw new Error(`the chapter has no \`${start}\``);
  const [program, ...args] = found.trim().replace("--stack prod", "--stack dev").split(/\s+/);
  if (program === "pulumi") return stage.workspace.run(...args, ...more);
  const [, name = "", , , , ...rest] = args;
  return stage.api.run(name, () => stage.npmRun(name, ...rest, ...more));
}

const up = () => type("npm run up", "--yes", "--skip-preview");
/** The stack's tunnel, as Cloudflare's API has it. */
async function tunnelOf() {
  const query = { account_id: stage.api.accountId, is_deleted: false };
  const [tunnel] = (await stage.cloudflare.zeroTrust.tunnels.cloudflared.list(query)).result;
  return tunnel;
}

/** What Cloudflare has of Access, and the ingress rules of the tunnel. */
async function found() {
  const { access } = stage.cloudflare.zeroTrust;
  const account = { account_id: stage.api.accountId };
  const tunnel = await tunnelOf();
  const configuration =
    tunnel && (await stage.cloudflare.zeroTrust.tunnels.cloudflared.configurations.get(tunnel.id ?? "", account));
  const rules = configuration?.config?.ingress ?? [];
  return {
    apps: (await access.applications.list(account)).result,
    policies: (await access.policies.list(account)).result,
    tokens: (await access.serviceTokens.list(account)).result,
    required: rules.filter(({ hostname }) => hostname === ADMIN).map(({ originRequest }) => originRequest?.access),
  };
}

type Secret = Readonly<Record<"clientId" | "clientSecret", string>>;

const headersOf = ({ clientId, clientSecret }: Secret) => ({
  "cf-access-client-id": clientId,
  "cf-access-client-secret": clientSecret,
});

/** The status of a request for the protected hostname, by a program with a service token or by a visitor without. */
const ask = async (secret?: Secret): Promise<number> =>
  (await askEdge({ edge, hostname: ADMIN }, "GET", "/", secret && { headers: headersOf(secret) })).status;

/** Sends requests of a visitor until `work` has ended; returns the statuses that there were. */
async function visitorsDuring(work: () => Promise<unknown>): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  const over = new AbortController();
  const visiting = (async () => {
    for (; !over.signal.aborted; await delay(25)) seen.add(await ask());
  })();
  await work().finally(() => over.abort());
  await visiting;
  return seen;
}

/** The writes of a run, in the order in which they came. */
async function writesOf(run: () => Promise<unknown>): Promise<readonly string[]> {
  const from = stage.api.journal.length;
  await run();
  return stage.writesSince(from);
}

const firstSecret = async (): Promise<Secret> =>
  JSON.parse((await type("pulumi stack output accessServiceTokens")).text).ci;

const secretFile = (): string => join(stage.workspace.dir, "data/dev/service-token-ci");

/** What `rotate` has written. */
function readSecret(): Secret {
  const lines = readFileSync(secretFile(), "utf8").trim().split("\n");
  const shown = Object.fromEntries(lines.map((line) => line.split("=")));
  return { clientId: shown.CF_ACCESS_CLIENT_ID ?? "", clientSecret: shown.CF_ACCESS_CLIENT_SECRET ?? "" };
}

test("`token` lists what Access needs besides", async () => {
  const { text } = await type("npm run token");
  expect(text).toMatch(/^ +Access: Apps and Policies: Edit .* the application admin of Access$/m);
  expect(text).toMatch(/^ +Access: Service Tokens: Edit .* the service token ci$/m);
  expect(text).toMatch(
    /^ +Access: Organizations, Identity Providers, and Groups: Read .* has .* the team of the account$/m,
  );
});

test("`up` makes all of it before the records, and the ingress asks for assertions of this application", async () => {
  let printed = "";
  const writes = await writesOf(async () => {
    const { code, text } = await up();
    printed = text;
    expect([code, text]).toEqual([0, expect.anything()]);
  });
  const { apps, policies, tokens, required } = await found();
  expect([apps.length, policies.length, tokens.length]).toEqual([1, 2, 1]);
  const audience = JSON.parse((await type("pulumi stack output accessAudiences")).text).admin;
  expect(apps).toMatchObject([{ aud: audience, domain: ADMIN }]);
  expect(printed).toMatch(
    new RegExp(`^  .*ACCESS_TEAM=causeway ACCESS_AUDIENCE=${audience} ORIGINS=.* npm run backend$`, "m"),
  );
  expect(required).toEqual([{ required: true, teamName: "causeway", audTag: [audience] }]);
  expect(writes.indexOf("POST access/apps")).toBeGreaterThan(0);
  expect(writes.indexOf("POST access/apps")).toBeLessThan(writes.indexOf("POST dns_records"));
});

test("visitors are led to the login, a service token passes, and `status` calls nothing broken", async () => {
  // cloudflared asks the vendor's hostname for the certificates of the team
  const env = { ...stage.env, SSL_CERT_FILE: vendor.caFile, TUNNEL_GRACE_PERIOD: "2s" };
  const place = { cwd: stage.workspace.dir, env, prefix: vendor.withHosts };
  running.push(startCommand(`TUNNEL_TOKEN_FILE=${stage.tokenFile} npm run connector`, place));
  const secret = await firstSecret();
  let status = 0;
  const served = async () => {
    for (; status !== 200; await delay(100)) status = await ask(secret);
  };
  await within("a connector that accepts the assertion", served(), () => `The last status was ${status}.`);
  // it serves with its first connection, and `status` misses the others until they are there
  const connected = async () => {
    while ((await tunnelOf())?.status !== "healthy") await delay(100);
  };
  await within("all connections of the connector", connected());
  expect(await ask()).toBe(302);
  const { text } = await stage.npmRun("status", "--skip-drift");
  expect(text).toMatch(
    /^ +well +application +admin\.example\.com +leads to the login at causeway\.cloudflareaccess\./m,
  );
  expect(text).toMatch(/^ +well +requests +chat\.example\.com /m);
  expect(text).not.toMatch(/^ +wrong|requests +admin/m);
});

test("administrators reach the backend of the chapter through Access alone, whatever token they have", async () => {
  const port = await freePort(0);
  const [audience] = Object.values(JSON.parse((await type("pulumi stack output accessAudiences")).text));
  const [command = ""] = shellBlocks(HEADING);
  const given = command.replace("ACCESS_TEAM=example", "ACCESS_TEAM=causeway").replace("=AUDIENCE", `=${audience}`);
  const log = join(stage.workspace.dir, "backend.log");
  const env = { ...stage.env, PORT: String(port), NODE_EXTRA_CA_CERTS: vendor.caFile };
  const place = { cwd: stage.workspace.dir, env, prefix: vendor.withHosts };
  const backend = startCommand(`${given.trim()} 2> backend.log`, place);
  running.push(backend);
  const link = () => (existsSync(log) ? /setup=(\S+)/.exec(readFileSync(log, "utf8"))?.[1] : undefined);
  const linked = async () => {
    while (link() === undefined) await delay(100);
  };
  await within("the link for the first administrator", linked());
  backendPort = port;
  const [chat, admin] = [
    { edge, hostname: CHAT },
    { edge, hostname: ADMIN },
  ];
  const body = { email: "ann@example.com", password: PASSWORD, name: "Ann", setup: link() };
  const registered = await askEdge(chat, "POST", "/api/auth/register", { body });
  const authorization = `Bearer ${JSON.parse(registered.text).accessToken}`;
  const users = async (site: AskedSite, headers: Record<string, string>) => {
    const { status, text } = await askEdge(site, "GET", "/api/admin/users", { headers });
    return [status, /"(ASSERTION|UNAUTHENTICATED)"/.exec(text)?.[1]];
  };
  const cookie = (await signIn(admin, "/", "ann@example.com")) ?? "";
  expect(await signIn(admin, "/", "mallory@example.net")).toBeUndefined();
  expect([await users(admin, { cookie, authorization }), await users(chat, { authorization })]).toEqual([
    [200, undefined],
    [403, "ASSERTION"],
  ]);
  const secret = headersOf(await firstSecret());
  expect([await users(admin, { ...secret, authorization }), (await users(admin, secret))[0]]).toEqual([
    [200, undefined],
    401,
  ]);
  backendPort = undefined;
  await stopCommand(backend);
});

test("a policy that was changed and an application that was deleted by hand are found; nobody gets in meanwhile", async () => {
  const { access } = stage.cloudflare.zeroTrust;
  const before = await found();
  const account_id = stage.api.accountId;
  const people = before.policies.find(({ decision }) => decision === "allow");
  const { id = "", name = "", session_duration = "" } = people ?? {};
  const include = [{ everyone: {} }];
  await access.policies.update(id, { account_id, name, session_duration, decision: "allow", include });
  await access.applications.delete(before.apps[0]?.id ?? "", { account_id });
  expect([await ask(), await ask(await firstSecret())]).toEqual([403, 403]);
  const status = await stage.npmRun("status", "--skip-drift");
  expect([status.code, status.text]).toEqual([
    1,
    expect.stringMatching(/^ +wrong +application +admin\.example\.com +access:app:admin was deleted elsewhere/m),
  ]);
  const { code, text } = await stage.npmRun("drift");
  expect([code, text]).toEqual([1, expect.stringMatching(/^access:policy:admin:people +includes /m)]);
  expect(text).toMatch(/^access:app:admin +resource +"there" +\(deleted\)$/m);
  const seen = await visitorsDuring(async () => expect(await up()).toMatchObject({ code: 0 }));
  expect([...seen].toSorted()).toEqual([302, 403]);
  const after = await found();
  expect(after.policies.map((policy) => policy.include)).toEqual(before.policies.map((policy) => policy.include));
  expect(after.required).toEqual([{ required: true, teamName: "causeway", audTag: [after.apps[0]?.aud] }]);
  expect(after.apps[0]?.aud).not.toBe(before.apps[0]?.aud);
  expect([await ask(), await ask(await firstSecret()), unchecked]).toEqual([302, 200, []]);
});

test("a rotated service token: both secrets are accepted, no output has the new one, and nothing is to repair", async () => {
  const first = await firstSecret();
  const { code, text } = await type("npm run rotate");
  const file = secretFile();
  const second = readSecret();
  expect([code, text, statSync(file).mode & 0o777]).toEqual([0, expect.stringContaining(file), 0o400]);
  expect(second).toEqual({ clientId: first.clientId, clientSecret: expect.stringMatching(/^cfast_/) });
  expect(second.clientSecret).not.toBe(first.clientSecret);
  expect([await ask(first), await ask(second)]).toEqual([200, 200]);
  const drift = await stage.npmRun("drift");
  expect([drift.code, drift.text]).toEqual([0, expect.stringMatching(/^No drift/m)]);
  expect(drift.text).not.toContain("not deployed yet");
  const exported = await stage.workspace.run("stack", "export", "--stack", "dev");
  const written = [text, drift.text, exported.text].join();
  for (const { clientSecret } of [first, second]) expect(written).not.toContain(clientSecret);
});

test("another duration of a token that was rotated changes nothing else of it", async () => {
  const before = await found();
  configure((text) => text.replace(/duration: 8760h/, "duration: 4380h"));
  expect(await writesOf(async () => expect(await up()).toMatchObject({ code: 0 }))).toEqual([
    "PUT access/service_tokens/ID",
  ]);
  const { tokens } = await found();
  expect(tokens).toMatchObject([{ id: before.tokens[0]?.id, duration: "4380h", client_secret_version: 2 }]);
  for (const secret of [await firstSecret(), readSecret()]) expect(await ask(secret)).toBe(200);
});

test("a lost state: `up` stops at the service token until it is deleted by hand, and takes the rest over", async () => {
  const before = await found();
  loseState(stage.workspace.dir, "dev");
  await stage.workspace.run("stack", "init", "dev");
  const calls = stage.api.journal.length;
  const { code, text } = await up();
  expect([code === 0, text, stage.writesSince(calls)]).toEqual([
    false,
    expect.stringMatching(/service token ci of this stack, which its state does not have[\s\S]*Delete it/),
    [],
  ]);
  const account_id = stage.api.accountId;
  await stage.cloudflare.zeroTrust.access.serviceTokens.delete(before.tokens[0]?.id ?? "", { account_id });
  let writes: readonly string[] = [];
  const seen = await visitorsDuring(async () => {
    writes = await writesOf(async () => expect(await up()).toMatchObject({ code: 0 }));
  });
  expect(writes.filter((call) => !call.startsWith("PUT"))).toEqual(["POST access/service_tokens"]);
  const after = await found();
  expect([after.apps[0]?.aud, [...seen]]).toEqual([before.apps[0]?.aud, [302]]);
  expect([await ask(await firstSecret()), await ask(readSecret()), unchecked]).toEqual([200, 401, []]);
});

test("`access` and its hostname are removed: what led there goes first, then application, policies, token", async () => {
  const removed = (text: string) =>
    text.replace(/ {2}causeway:access:\n(?: {4}.*\n)*/, "").replace(/(causeway:hostnames:.*), "admin\.[^"]*"/, "$1");
  const made = await found();
  const before = configure(removed);
  const calls = stage.api.journal.length;
  const seen = await visitorsDuring(async () => expect(await up()).toMatchObject({ code: 0 }));
  const writes = stage.writesSince(calls).filter((call) => !call.includes("rulesets"));
  expect(writes.slice(0, 3)).toEqual([
    "PUT cfd_tunnel/ID/configurations",
    "DELETE dns_records/ID",
    "DELETE access/apps/ID",
  ]);
  const deleted = stage.api.journal.slice(calls).flatMap(({ method, path }) => (method === "DELETE" ? [path] : []));
  const at = ({ id = "" }) => deleted.findIndex((path) => path.endsWith(id));
  const services = made.policies.filter(({ decision }) => decision === "non_identity").map(at);
  expect([writes.length, services.length, made.tokens.length]).toEqual([6, 1, 1]);
  expect(services[0]).toBeLessThan(made.tokens.map(at)[0] ?? 0);
  expect([seen.has(200), unchecked]).toEqual([false, []]);
  const { apps, policies: left, tokens, required } = await found();
  expect([apps, left, tokens, required]).toEqual([[], [], [], []]);
  configure(() => before);
  expect(await up()).toMatchObject({ code: 0 });
  expect(await ask(await firstSecret())).toBe(200);
});

test("`access` alone is removed: `up` stops, since the hostname would be open, until the chapter's command names it", async () => {
  const before = configure((text) => text.replace(/ {2}causeway:access:\n(?: {4}.*\n)*/, ""));
  const calls = stage.api.journal.length;
  const { code, text } = await up();
  expect([code, text, stage.writesSince(calls)]).toEqual([1, expect.stringContaining(`CAUSEWAY_OPENS=${ADMIN} `), []]);
  expect(await ask()).toBe(302);
  const [, places = ""] = /^CAUSEWAY_OPENS=(\S+) npm run up /m.exec(CHAPTER) ?? [];
  const { env } = stage;
  stage.env = { ...env, CAUSEWAY_OPENS: places };
  expect(await up()).toMatchObject({ code: 0 });
  expect(await ask()).toBe(200);
  stage.env = env;
  unchecked.length = 0; // it was open, as it was told to be
  configure(() => before);
  expect(await up()).toMatchObject({ code: 0 });
  expect([await ask(), await ask(await firstSecret())]).toEqual([302, 200]);
});

test("`down` stops at a token that may not delete applications, before it changes anything", async () => {
  await stage.setApiToken(stage.api.issueToken([...PERMISSIONS, ...ACCESS.slice(1)]));
  const refused = await stage.npmRun("down", "--yes");
  expect([refused.code, refused.text]).toEqual([1, expect.stringContaining('"Access: Apps and Policies Write"')]);
  expect([await ask(), await ask(await firstSecret())]).toEqual([302, 200]);
  await stage.setApiToken(stage.apiToken);
});

test("`down` deletes the records before the application; no request reaches the origin unchecked", async () => {
  let writes: readonly string[] = [];
  const seen = await visitorsDuring(async () => {
    writes = await writesOf(async () => expect(await stage.npmRun("down", "--yes")).toMatchObject({ code: 0 }));
  });
  expect(writes.lastIndexOf("DELETE dns_records/ID")).toBeGreaterThan(0);
  expect(writes.lastIndexOf("DELETE dns_records/ID")).toBeLessThan(writes.indexOf("DELETE access/apps/ID"));
  expect([seen.has(200), unchecked]).toEqual([false, []]);
  const { apps, policies, tokens } = await found();
  expect([apps, policies, tokens]).toEqual([[], [], []]);
});
