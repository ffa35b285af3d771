/** The README's "An admin page behind Access" with the real CLI: its commands, and what happens to such a stack. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Edge, startEdge } from "../../../infra/local/edge/index.ts";
import { type Connector, startConnector } from "../../../infra/local/tunnel/connector/index.ts";
import { codes, section } from "../../docs/markdown.ts";
import { type OperatorStage, openOperatorStage, PERMISSIONS } from "./operator-stage.ts";

const README = resolve(import.meta.dirname, "../../../README.md");
const CHAPTER = section(README, "### An admin page behind Access");
const ADMIN = "admin.example.com";
const ACCESS = [
  "Access: Apps and Policies Write",
  "Access: Service Tokens Write",
  "Access: Organizations, Identity Providers, and Groups Read",
] as const;

let stage: OperatorStage;
let edge: Edge;
let origin: Server;
let connector: Connector | undefined;
/** Requests for the protected hostname that reached the origin without an assertion. */
const unchecked: string[] = [];

beforeAll(async () => {
  stage = await openOperatorStage({ permissions: ACCESS });
  edge = await startEdge({ cloud: stage.api.cloud, tunnel: stage.tunnels });
  stage.env = { ...stage.env, EDGE_URL: edge.url };
  origin = createServer(({ headers, url = "" }, response) => {
    if (headers.host?.startsWith(ADMIN) && !headers["cf-access-jwt-assertion"]) unchecked.push(url);
    response.setHeader("content-type", "application/json").end('{"healthy":true}');
  });
  await new Promise<void>((done) => origin.listen(0, "127.0.0.1", done));
  const { port } = origin.address() as AddressInfo;
  await stage.workspace.run("config", "set", "origin", `http://127.0.0.1:${port}`);
  await stage.workspace.run("config", "rm", "hostnames");
  const block = /^( *)```yaml\n(.*?)^\1```/ms.exec(CHAPTER)?.[2] ?? "";
  const settings = block.replaceAll(/^ {3}/gm, "  ").replace("team: example", "team: causeway");
  const file = join(stage.workspace.dir, "Pulumi.dev.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace(/^config:\n/m, `config:\n${settings}`));
});

afterAll(async () => {
  await connector?.stop();
  await stage?.close();
  await edge?.close();
  origin?.closeAllConnections();
  origin?.close();
});

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
/** What Cloudflare has of Access, and the ingress rules of the tunnel. */
async function found() {
  const { access } = stage.cloudflare.zeroTrust;
  const account = { account_id: stage.api.accountId };
  const [tunnel] = (await stage.cloudflare.zeroTrust.tunnels.cloudflared.list({ ...account, is_deleted: false }))
    .result;
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

/** The status of a request for the protected hostname, by a program with a service token or by a visitor without. */
const ask = (secret?: Secret): Promise<number> =>
  new Promise((resolve, reject) => {
    const { clientId = "", clientSecret = "" } = secret ?? {};
    const shown = secret && { "cf-access-client-id": clientId, "cf-access-client-secret": clientSecret };
    const options = { host: "127.0.0.1", port: edge.port, headers: { host: ADMIN, ...shown }, agent: false };
    get(options, (response) => response.resume().once("end", () => resolve(response.statusCode ?? 0))).once(
      "error",
      reject,
    );
  });

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

test("`token` lists what Access needs besides", async () => {
  const { text } = await type("npm run token");
  expect(text).toMatch(/^ +Access: Apps and Policies: Edit .* the application admin of Access$/m);
  expect(text).toMatch(/^ +Access: Service Tokens: Edit .* the service token ci$/m);
  expect(text).toMatch(
    /^ +Access: Organizations, Identity Providers, and Groups: Read .* has .* the team of the account$/m,
  );
});

test("`up` makes all of it before the records, and the ingress asks for assertions of this application", async () => {
  const writes = await writesOf(async () => expect(await up()).toMatchObject({ code: 0 }));
  const { apps, policies, tokens, required } = await found();
  expect([apps.length, policies.length, tokens.length]).toEqual([1, 2, 1]);
  const audience = JSON.parse((await type("pulumi stack output accessAudiences")).text).admin;
  expect(apps).toMatchObject([{ aud: audience, domain: ADMIN }]);
  expect(required).toEqual([{ required: true, teamName: "causeway", audTag: [audience] }]);
  expect(writes.indexOf("POST access/apps")).toBeGreaterThan(0);
  expect(writes.indexOf("POST access/apps")).toBeLessThan(writes.indexOf("POST dns_records"));
});

test("visitors are led to the login, a service token passes, and `status` calls nothing broken", async () => {
  const accessCertificates = new URL("/cdn-cgi/access/certs", edge.url);
  const { address, caFile } = stage.tunnels;
  const token = readFileSync(stage.tokenFile, "utf8").trim();
  connector = await startConnector({ token, edge: [address], ca: readFileSync(caFile, "utf8"), accessCertificates });
  await connector.ready;
  expect([await ask(), await ask(await firstSecret())]).toEqual([302, 200]);
  const { text } = await stage.npmRun("status", "--skip-drift");
  expect(text).toMatch(
    /^ +well +application +admin\.example\.com +leads to the login at causeway\.cloudflareaccess\./m,
  );
  expect(text).toMatch(/^ +well +requests +chat\.example\.com /m);
  expect(text).not.toMatch(/^ +wrong|requests +admin/m);
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
  const file = join(stage.workspace.dir, "data/dev/service-token-ci");
  const shown = Object.fromEntries(
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split("=")),
  );
  const second = { clientId: shown.CF_ACCESS_CLIENT_ID, clientSecret: shown.CF_ACCESS_CLIENT_SECRET };
  expect([code, text, statSync(file).mode & 0o777]).toEqual([0, expect.stringContaining(file), 0o400]);
  expect(second).toEqual({ clientId: first.clientId, clientSecret: expect.stringMatching(/^cfast_/) });
  expect(second.clientSecret).not.toBe(first.clientSecret);
  expect([await ask(first), await ask(second)]).toEqual([200, 200]);
  const preview = await stage.npmRun("preview", "--expect-no-changes");
  const drift = await stage.npmRun("drift");
  expect([preview.code, drift.code, drift.text]).toEqual([0, 0, expect.stringMatching(/^No drift/m)]);
  const exported = await stage.workspace.run("stack", "export", "--stack", "dev");
  const written = [text, preview.text, drift.text, exported.text].join();
  for (const { clientSecret } of [first, second]) expect(written).not.toContain(clientSecret);
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
