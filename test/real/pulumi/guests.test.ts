/** An owner and two guests of one zone, by the operator's commands and the real CLI, each with its own tunnel. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Edge, startEdge } from "../../../infra/local/edge/index.ts";
import { startConnector } from "../../../scripts/rehearsal/connectors.ts";
import { visit } from "../../../scripts/rehearsal/visitors.ts";
import { stopConnectors } from "../../../scripts/stack-connectors/local-connectors.ts";
import { type OperatorStage, openOperatorStage } from "./operator-stage.ts";
import { copyStage, loseState, removeCopy, runInCopy, storedState, thingsOf } from "./stage-copy.ts";

/** The hostname of each stack; `dev` is the owner. */
const HOSTS = { dev: "chat.example.com", staging: "staging.example.com", ada: "test-ada.example.com" } as const;
type Name = keyof typeof HOSTS;
const NAMES = Object.keys(HOSTS) as readonly Name[];
/** A hostname of the guest ada that is behind Access. */
const ADMIN = "test-admin.example.com";
/** What the README tells the operator to give the token of a guest, and what it says that Access needs. */
const GUEST = ["Zone Read", "DNS Write", "Zone WAF Read", "Cloudflare Tunnel Write"] as const;
const ACCESS = [
  "Access: Apps and Policies Write",
  "Access: Organizations, Identity Providers, and Groups Read",
] as const;

let stage: OperatorStage;
let edge: Edge;
const origins = new Map<Name, Server>();
const ports = new Map<Name, number>();

beforeAll(async () => {
  stage = await openOperatorStage();
  edge = await startEdge({ cloud: stage.api.cloud, tunnel: stage.tunnels });
  for (const name of NAMES) {
    const origin = createServer((_, response) => response.end(name));
    await new Promise<void>((done) => origin.listen(0, "127.0.0.1", done));
    const { port } = origin.address() as AddressInfo;
    origins.set(name, origin);
    ports.set(name, port);
    const set = (...args: string[]) => stage.workspace.run("config", "set", ...args, "--stack", name);
    if (name !== "dev") await stage.workspace.run("stack", "init", name);
    await set("causeway:origin", `http://127.0.0.1:${port}`);
    if (name === "dev") continue;
    await set("causeway:zone", "example.com");
    await set("--path", "causeway:hostnames[0]", HOSTS[name]);
    await set("causeway:role", "guest");
    await set("cloudflare:baseUrl", stage.api.url);
    const token = stage.api.issueToken([...GUEST, ...(name === "ada" ? ACCESS : [])]);
    await stage.workspace.setSecret("cloudflare:apiToken", token, "--stack", name);
  }
  const admin = { name: "admin", hostname: ADMIN, "emails[0]": "ann@example.com" };
  const access = Object.entries(admin).map(([key, value]) => `causeway:access.applications[0].${key}=${value}`);
  const settings = [`causeway:hostnames[1]=${ADMIN}`, "causeway:access.team=causeway", ...access];
  const given = settings.flatMap((setting) => ["--plaintext", setting]);
  expect(await stage.workspace.run("config", "set-all", "--stack", "ada", "--path", ...given)).toMatchObject({
    code: 0,
  });
});

afterAll(async () => {
  for (const dir of copies) removeCopy(dir);
  for (const name of NAMES) await stopConnectors(tokenFile(name));
  for (const origin of origins.values()) origin.close();
  await edge?.close();
  await stage?.close();
});

const tokenFile = (name: Name): string => join(stage.workspace.dir, "data", name, "tunnel-token");
const tokenOf = (name: Name): string => readFileSync(tokenFile(name), "utf8");
/** A command that deletes what it has just written fails the test. */
const run = (name: Name, command: string, ...args: readonly string[]) =>
  stage.api.run(command, () => stage.npmRunOf(name, command, ...args));
const up = (name: Name) => run(name, "up", "--yes", "--skip-preview");

async function upWithConnector(name: Name): Promise<void> {
  expect(await up(name)).toMatchObject({ code: 0 });
  await startConnector({ TUNNEL_TOKEN_FILE: tokenFile(name) }, stage.tunnels);
}

const idsOf = (dir: string): unknown => (thingsOf(dir) as readonly { readonly id: string }[]).map(({ id }) => id);

const copies: string[] = [];
/** Copies of the stage by the names of the stacks that were deployed. */
const remembered = new Map<string, string>();
const keyOf = (names: readonly Name[]): string => names.toSorted().join();

function remember(names: readonly Name[]): void {
  const dir = copyStage(stage.workspace.dir);
  copies.push(dir);
  remembered.set(keyOf(names), dir);
}

function rememberedWith(names: readonly Name[]): string {
  const dir = remembered.get(keyOf(names));
  if (dir === undefined) throw new Error(`no copy of the stage with ${names.join()} was kept`);
  return dir;
}

/** Who responds at each hostname, or the status. */
async function answers(path = "/"): Promise<Readonly<Record<Name, string>>> {
  const entries = NAMES.map(async (name) => {
    const { status, body } = await visit(edge.port, HOSTS[name], path);
    return [name, status === 200 ? body : String(status)] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<Name, string>;
}

/** Deployed stacks respond with their names, the others with a status of the edge. */
const onlyUp = (...names: readonly Name[]) =>
  Object.fromEntries(NAMES.map((name) => [name, names.includes(name) ? name : expect.stringMatching(/^[45]\d\d$/)]));

test("a guest that the owner does not name stops before it writes, and says what to add and where", async () => {
  await upWithConnector("dev");
  const calls = stage.api.journal.length;
  const { code, text } = await up("staging");
  expect([code === 0, text]).toEqual([
    false,
    expect.stringMatching(/Add "staging\.example\.com" to `causeway:guests` of the stack causeway\/dev/),
  ]);
  expect(text).toContain("npm run up -- --stack dev");
  expect(stage.writesSince(calls)).toEqual([]);
});

test("once it is named, it is deployed with a token that may not write rules; its backend has its own folder and port", async () => {
  const guests = ["staging.example.com", "test-*.example.com"].entries();
  for (const [at, guest] of guests) {
    await stage.workspace.run("config", "set", "--path", `causeway:guests[${at}]`, guest, "--stack", "dev");
  }
  expect(await up("dev")).toMatchObject({ code: 0 });
  const calls = stage.api.journal.length;
  const { code, text } = await up("staging");
  const folder = join(stage.workspace.dir, "data/staging");
  expect([code, text]).toEqual([
    0,
    expect.stringContaining(
      `  DATA_DIR=${folder} PORT=${ports.get("staging")} ORIGINS=https://staging.example.com npm run backend`,
    ),
  ]);
  expect(stage.writesSince(calls).sort()).toEqual([
    "POST cfd_tunnel",
    "POST dns_records",
    "PUT cfd_tunnel/ID/configurations",
  ]);
  await startConnector({ TUNNEL_TOKEN_FILE: tokenFile("staging") }, stage.tunnels);
  await upWithConnector("ada");
  expect(await answers()).toEqual(onlyUp(...NAMES));
  expect(await answers("/.env")).toEqual({ dev: "403", staging: "403", ada: "403" });
  expect(await answers("/api/only-here")).toEqual({ dev: "403", staging: "staging", ada: "ada" });
});

test("no stack of the three sees drift or a change because of the others", async () => {
  for (const name of NAMES) {
    const { code, text } = await run(name, "drift");
    expect([code, text]).toEqual([0, expect.stringMatching(/^No drift/m)]);
    expect(text).not.toContain("not deployed yet");
  }
});

test("a guest with Access whose state is lost takes all of it into its state again, and its hostname stays closed", async () => {
  const before = idsOf(stage.workspace.dir);
  loseState(stage.workspace.dir, "ada");
  await stage.workspace.run("stack", "init", "ada");
  const calls = stage.api.journal.length;
  expect(await up("ada")).toMatchObject({ code: 0, text: expect.stringMatching(/\d imported/) });
  expect(stage.writesSince(calls).filter((call) => !call.startsWith("PUT"))).toEqual([]);
  expect(idsOf(stage.workspace.dir)).toEqual(before);
});

test("the rotation of one leaves the tokens and the connectors of the others", async () => {
  const before = NAMES.map(tokenOf);
  const { code, text } = await run("staging", "rotate");
  expect([code, text]).toEqual([0, expect.stringContaining("has the new token")]);
  expect(NAMES.map((name, at) => tokenOf(name) === before[at])).toEqual([true, false, true]);
  expect(await answers()).toEqual(onlyUp(...NAMES));
});

test("`down` of the owner names its guests and does nothing, unless it is asked to leave them", async () => {
  const calls = stage.api.journal.length;
  const guests = /Guests in this zone.*:\n {2}staging\.example\.com {2}of the stack causeway\/staging\n {2}test-ada/;
  const refused = await run("dev", "down", "--yes");
  expect([refused.code, refused.text]).toEqual([1, expect.stringMatching(guests)]);
  expect(refused.text).toContain("`--leave-guests`");
  const preview = await run("dev", "down", "--preview-only");
  expect([preview.code, preview.text]).toEqual([0, expect.stringMatching(guests)]);
  expect(preview.text).toContain("`down` is refused because of these guests");
  expect(stage.writesSince(calls)).toEqual([]);
  expect(await answers()).toEqual(onlyUp(...NAMES));
});

test("a guest, then the owner, then the other guest: what is left goes on, without rules once the owner is gone", async () => {
  remember(NAMES);
  expect(await run("staging", "down", "--yes")).toMatchObject({ code: 0 });
  expect(await answers()).toEqual(onlyUp("dev", "ada"));
  remember(["dev", "ada"]);
  expect(await run("dev", "down", "--yes", "--leave-guests")).toMatchObject({ code: 0 });
  expect([await answers(), (await answers("/.env")).ada]).toEqual([onlyUp("ada"), "ada"]);
  expect(await up("ada")).toMatchObject({ text: expect.stringContaining("guest_without_owner") });
  remember(["ada"]);
  expect(await run("ada", "down", "--yes")).toMatchObject({ code: 0 });
  expect([await answers(), thingsOf(stage.workspace.dir)]).toEqual([onlyUp(), []]);
});

/**
 * The other destructions, each of a stack while certain others are deployed. None changes what the others have: so what
 * follows in an order does not depend on the order before, and these with the three above are all six orders.
 */
test.each<readonly [Name, readonly Name[]]>([
  ["dev", ["staging", "ada"]],
  ["ada", ["dev", "staging"]],
  ["staging", ["ada"]],
  ["ada", ["staging"]],
  ["dev", ["staging"]],
  ["staging", ["dev"]],
  ["ada", ["dev"]],
  ["staging", []],
  ["dev", []],
])("every order: %s is destroyed while there are %j, which keep all that they have", async (name, others) => {
  const dir = copyStage(rememberedWith([name, ...others]));
  copies.push(dir);
  const leave = name === "dev" && others.length > 0 ? ["--leave-guests"] : [];
  expect(await runInCopy(dir, stage.env, [name, "down", "--yes", ...leave])).toMatchObject({ code: 0 });
  const all = rememberedWith(NAMES);
  expect(thingsOf(dir)).toEqual(thingsOf(all, others));
  expect(thingsOf(dir).length > 0).toBe(others.length > 0);
  for (const other of others) expect([other, storedState(dir, other)]).toEqual([other, storedState(all, other)]);
  if (others.length > 0) remembered.set(keyOf(others), dir);
});
