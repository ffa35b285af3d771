/**
 * The first `up` of a stack, interrupted with the real CLI: once the response to a call is lost, once the CLI is killed
 * while it waits for the response. It is killed at each call: at each write and at the token on a stack of its own, at
 * the reads and dry runs before the first write one after the other on one stack, since they leave nothing. A lost
 * response to a read is simply read again; `test/slow/infra/local/engine/every-call.test.ts` loses each. Two chains of
 * stacks run side by side, since most of the time is the CLI's start.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ApiCall, FaultMatch, LocalApi } from "../../../infra/local/api/index.ts";
import { startApi } from "../../../infra/local/api/index.ts";
import { getPulumi } from "../../../scripts/pulumi-cli/find-cli.ts";
import { isAtCloudflare, type StateResource } from "../../../scripts/pulumi-cli/stack-state.ts";
import { openWorkspace, type PulumiRun, type Workspace } from "../../../scripts/pulumi-cli/workspace.ts";
import { type ProviderProcess, startProviderProcess } from "./provider-process.ts";

const root = resolve(import.meta.dirname, "../../..");

const LOOK = "the look at a name";

/** Every call of the first `up` that writes or reads a secret, and one of those that only look. */
const CALLS: readonly (FaultMatch & { readonly name: string; readonly method: string; readonly path: RegExp })[] = [
  { name: LOOK, method: "GET", path: /dns_records/ },
  ...[0, 1, 2, 3].map((after) => ({ name: `ruleset ${after + 1}`, method: "POST", path: /rulesets$/, after })),
  { name: "the tunnel", method: "POST", path: /cfd_tunnel$/ },
  { name: "the tunnel's configuration", method: "PUT", path: /configurations$/ },
  { name: "the tunnel's token", method: "GET", path: /token$/ },
  { name: "the record", method: "POST", path: /dns_records$/ },
];

/** Stacks of a chain: one for each call, and one for what comes before the first write. */
const STACKS = CALLS.length + 1;

/** A place of its own for the stacks of one chain, each with a zone of its own. */
interface Chain {
  readonly api: LocalApi;
  readonly workspace: Workspace;
  readonly zoneOf: (index: number) => string;
  /** Starts the CLI, or one of our commands, for the stack of a call. */
  start(index: number, command: readonly string[], provider: ProviderProcess): ReturnType<typeof startRun>;
  close(): Promise<void>;
}

function startRun(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  const ended: Promise<PulumiRun> = once(child, "close").then(([code]) => ({ code: Number(code ?? 255), text }));
  return { child, ended };
}

async function openChain(): Promise<Chain> {
  const zoneOf = (index: number) => `zone${index}.example`;
  const api = await startApi({
    seed: { zones: Array.from({ length: STACKS }, (_, index) => ({ name: zoneOf(index) })) },
  });
  const pulumi = await getPulumi(process.env);
  const stacks = Array.from({ length: STACKS }, (_, index) => {
    const zone = zoneOf(index);
    const config = { "causeway:zone": zone, "causeway:hostnames": [`chat.${zone}`], "cloudflare:baseUrl": api.url };
    return [`Pulumi.s${index}.yaml`, JSON.stringify({ config })] as const;
  });
  const links = ["infra", "backend", "Pulumi.yaml", "package.json"];
  const workspace = openWorkspace({ pulumi, root, links, files: Object.fromEntries(stacks) });
  const env = {
    ...process.env,
    PULUMI_BIN: pulumi,
    PULUMI_BACKEND_URL: `file://${workspace.dir}/state`,
    PULUMI_HOME: join(workspace.dir, "home"),
    PULUMI_CONFIG_PASSPHRASE: "rehearsal",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    CLOUDFLARE_API_TOKEN: api.token,
    DATA_DIR: join(workspace.dir, "data"),
    NODE_OPTIONS: undefined,
    // the CLI's language host finds the project's own Node.js
    PATH: `${join(process.execPath, "..")}:${process.env.PATH}`,
  };
  return {
    api,
    workspace,
    zoneOf,
    start(index, [name = "", ...args], { debugProviders }) {
      const stack = ["--stack", `s${index}`];
      const command =
        name === "pulumi"
          ? [pulumi, ...args, ...stack, "--non-interactive", "--color=never"]
          : [process.execPath, join(root, "scripts/run.mjs"), name, ...stack, ...args];
      return startRun(command, workspace.dir, { ...env, PULUMI_DEBUG_PROVIDERS: debugProviders });
    },
    async close() {
      workspace.remove();
      await api.close();
    },
  };
}

/** What is at Cloudflare for a zone, in words; ids and times left out. */
async function deployedIn({ api }: Chain, zone: string): Promise<readonly string[]> {
  const found = api.cloud.zoneOf(zone);
  const response = await fetch(`${api.url}/accounts/${api.accountId}/cfd_tunnel?is_deleted=false&per_page=1000`, {
    headers: { authorization: `Bearer ${api.token}` },
  });
  const { result }: { result: { id: string; name: string }[] } = JSON.parse(await response.text());
  const tunnels = result.filter(({ name }) => name.endsWith(` ${zone}`));
  const led = found?.records.map(({ name, content }) => {
    const leads = tunnels.some(({ id }) => content === `${id}.cfargotunnel.com`) ? "its tunnel" : content;
    return `${name} to ${leads}`;
  });
  const configured = tunnels.map(({ id }) => `tunnel ${api.cloud.tunnel(id)?.config?.ingress?.[0]?.hostname}`);
  return [...(led ?? []), ...(found?.rulesets.map(({ phase }) => phase) ?? []), ...configured].sort();
}

const wholeSite = (zone: string): readonly string[] => [
  `chat.${zone} to its tunnel`,
  "http_ratelimit",
  "http_request_cache_settings",
  "http_request_dynamic_redirect",
  "http_request_firewall_custom",
  `tunnel chat.${zone}`,
];

/** Runs to the end, on a provider of its own. */
async function run(chain: Chain, index: number, ...command: string[]): Promise<PulumiRun> {
  const provider = await startProviderProcess(chain.api.token, chain.api.url);
  try {
    return await chain.start(index, command, provider).ended;
  } finally {
    provider.kill();
  }
}

/**
 * Most runs are the CLI's own, which start faster than our commands; the output of our commands is tested at the tunnel
 * alone.
 */
const UP = ["pulumi", "up", "--yes", "--skip-preview", "--refresh"];
const ASKED = CALLS.findIndex(({ name }) => name === "the tunnel");

/** The response to the call is lost: `down` right after it leaves nothing. */
async function lose(chain: Chain, index: number) {
  const { name: _, ...match } = CALLS[index] ?? { name: "" };
  chain.api.faults.next(match, "lost");
  const up = await run(chain, index, ...UP);
  chain.api.faults.clear();
  const drift = index === ASKED ? await run(chain, index, "drift") : undefined;
  const site = await deployedIn(chain, chain.zoneOf(index));
  const down = await run(chain, index, "down", "--yes");
  return { up, drift, site, down, left: await deployedIn(chain, chain.zoneOf(index)) };
}

/** Kills the CLI while it waits for the response to a call, which was carried out. Returns the calls of its run. */
async function killAt(chain: Chain, index: number, match: FaultMatch): Promise<readonly ApiCall[]> {
  chain.api.faults.next(match, "silent");
  const before = chain.api.journal.length;
  const provider = await startProviderProcess(chain.api.token, chain.api.url);
  const { child, ended } = chain.start(index, UP, provider);
  while (child.exitCode === null && !chain.api.journal.slice(before).some(({ status }) => status === 0)) await delay(5);
  child.kill("SIGKILL");
  provider.kill();
  await ended;
  chain.api.faults.clear();
  removeEmptyNotes(chain, index);
  return chain.api.journal.slice(before);
}

/** The CLI is killed at a call: the next `up` converges. */
async function kill(chain: Chain, index: number) {
  const { name: _, ...match } = CALLS[index] ?? { name: "" };
  const calls = await killAt(chain, index, match);
  const asks = index === ASKED;
  const locked = asks ? await run(chain, index, "drift") : undefined;
  await run(chain, index, "pulumi", "cancel", "--yes");
  const half = asks ? await run(chain, index, "drift") : undefined;
  const up = await run(chain, index, ...(asks ? ["up", "--yes", "--skip-preview"] : UP));
  const drift = asks ? await run(chain, index, "drift") : undefined;
  return { calls, locked, half, up, drift, site: await deployedIn(chain, chain.zoneOf(index)) };
}

/** The CLI is killed at each of these calls, which write nothing, on one stack, and then left alone. */
async function killBeforeWrites(chain: Chain, index: number, before: readonly string[]) {
  await initStack(chain, index);
  const kills = [];
  for (const [at, call] of before.entries()) {
    const [method = "", literal = ""] = call.split(" ");
    const path = new RegExp(`^${literal.replaceAll(/[^\w]/g, "\\$&")}$`);
    const after = before.slice(0, at).filter((earlier) => earlier === call).length;
    const calls = await killAt(chain, index, { method, path, after });
    kills.push({
      killedAt: calls.filter(({ status }) => status === 0).map(shownCall),
      writes: calls.filter(isWrite),
      inState: customResources(chain, index),
    });
    await run(chain, index, "pulumi", "cancel", "--yes");
  }
  return { kills, up: await run(chain, index, ...UP), site: await deployedIn(chain, chain.zoneOf(index)) };
}

const shownCall = ({ method, path }: ApiCall): string => `${method} ${path}`;
const isWrite = ({ method, dryRun }: ApiCall): boolean => method !== "GET" && !dryRun;

/** The calls of an `up` before its first write, for one zone as they are for another. */
function beforeWrites(chain: Chain, calls: readonly ApiCall[], from: number, to: number): readonly string[] {
  const idOf = (index: number) => chain.api.cloud.zoneOf(chain.zoneOf(index))?.id ?? "";
  return calls
    .slice(0, calls.findIndex(isWrite))
    .map((call) => shownCall(call).replaceAll(idOf(from), idOf(to)))
    .map((call) => call.replaceAll(chain.zoneOf(from), chain.zoneOf(to)).replaceAll(`s${from}`, `s${to}`));
}

/** URNs of what the state has at Cloudflare. */
function customResources({ workspace }: Chain, index: number): readonly string[] {
  const file = join(workspace.dir, "state/.pulumi/stacks/causeway", `s${index}.json`);
  const { checkpoint } = JSON.parse(readFileSync(file, "utf8"));
  const resources: readonly StateResource[] = checkpoint.latest?.resources ?? [];
  return resources.filter(isAtCloudflare).map(({ urn }) => urn);
}

/**
 * A CLI that is killed in the middle of writing its state leaves the state whole and a note beside it empty, which it
 * then cannot read. Our commands remove the note; the CLI alone does not.
 */
function removeEmptyNotes({ workspace }: Chain, index: number): void {
  const note = join(workspace.dir, "state/.pulumi/stacks/causeway", `s${index}.json.attrs`);
  if (existsSync(note) && statSync(note).size === 0) rmSync(note);
}

let chains: readonly Chain[] = [];
let lost: Promise<Awaited<ReturnType<typeof lose>>>[] = [];
let killed: Promise<Awaited<ReturnType<typeof kill>>>[] = [];
let killedBeforeWrites: ReturnType<typeof killBeforeWrites> | undefined;

async function initStack(chain: Chain, index: number): Promise<void> {
  const { code, text } = await chain.workspace.run("stack", "init", `s${index}`);
  if (code !== 0) throw new Error(text);
}

/** One after the other; a failure of one is reported by its own test. */
function inTurn<T>(chain: Chain, interrupt: (chain: Chain, index: number) => Promise<T>): Promise<T>[] {
  let previous: Promise<unknown> = Promise.resolve();
  return CALLS.map((_, index) => {
    const result = previous.then(async () => {
      await initStack(chain, index);
      return interrupt(chain, index);
    });
    previous = result.catch(() => undefined);
    return result;
  });
}

beforeAll(async () => {
  chains = await Promise.all([openChain(), openChain()]);
  const [one, other] = chains;
  if (one === undefined || other === undefined) throw new Error("there are two chains");
  lost = inTurn(one, lose);
  killed = inTurn(other, kill);
  // the last call is a write: the run that was killed there has done all that comes before
  const [from, to] = [CALLS.length - 1, CALLS.length];
  killedBeforeWrites = killed
    .at(-1)
    ?.then(({ calls }) => killBeforeWrites(other, to, beforeWrites(other, calls, from, to)));
  for (const result of [...lost, ...killed, killedBeforeWrites]) result?.catch(() => undefined);
});
afterAll(async () => {
  await Promise.allSettled([...lost, ...killed, killedBeforeWrites]);
  for (const chain of chains) await chain.close();
});

const names = CALLS.map(({ name }, index) => [name, index] as const);

describe("O2: the response to a call is lost", () => {
  test.each(names)("%s: `down` leaves nothing", async (_name, index) => {
    const { up, drift, site, down, left } = (await lost[index]) ?? {};
    // a GET and a PUT are simply sent again
    const isWhole = JSON.stringify(site) === JSON.stringify(wholeSite(`zone${index}.example`));
    if (index !== CALLS.length - 1) expect(up?.code === 0).toBe(isWhole);
    if (index === ASKED) expect([drift?.code, drift?.text]).toEqual([1, expect.stringContaining("tunnel")]);
    expect(down?.code === 0 ? "" : down?.text).toBe("");
    expect(left).toEqual([]);
  });
});

describe("O2: the CLI is killed at a call", () => {
  test.each(names)("%s: the next `up` converges", async (_name, index) => {
    const { locked, half, up, drift, site } = (await killed[index]) ?? {};
    if (index === ASKED) {
      expect([locked?.code, locked?.text]).toEqual([2, expect.stringContaining("pulumi cancel")]);
      expect([half?.code, half?.text]).toEqual([1, expect.not.stringContaining("No drift")]);
      expect([drift?.code, drift?.text]).toEqual([0, expect.stringContaining("No drift")]);
    }
    expect([up?.text, up?.code]).toEqual([expect.any(String), 0]);
    expect(site).toEqual(wholeSite(`zone${index}.example`));
  });
});

test("O2: the CLI is killed at each call before the first write: nothing is there, and the next `up` converges", async () => {
  const { kills, up, site } = (await killedBeforeWrites) ?? { kills: [] };
  expect(kills.length).toBeGreaterThan(5);
  expect(kills).toEqual(kills.map(() => ({ killedAt: [expect.any(String)], writes: [], inState: [] })));
  expect([up?.text, up?.code]).toEqual([expect.any(String), 0]);
  expect(site).toEqual(wholeSite(`zone${CALLS.length}.example`));
});

test("O2: every call of the first `up` is one at which the CLI was killed", async () => {
  const runs = (await Promise.all(killed)).map(({ calls }) => calls).filter((calls) => calls.some(isWrite));
  const sinceWrite = runs.map((calls) => calls.slice(calls.findIndex(isWrite)));
  const others = CALLS.filter(({ name }) => name !== LOOK);
  const isOf =
    ({ method, path }: (typeof CALLS)[number]) =>
    (call: ApiCall) =>
      call.method === method && path.test(call.path);
  expect(sinceWrite.flat().filter((call) => !others.some((other) => isOf(other)(call)))).toEqual([]);
  // of the independent calls, another one may come last in each run
  for (const other of others) {
    const most = Math.max(...sinceWrite.map((calls) => calls.filter(isOf(other)).length));
    expect([other.name, most]).toEqual([other.name, others.filter(({ path }) => `${path}` === `${other.path}`).length]);
  }
});

test("O2: a state whose note was cut off while it was written is read again without it", async () => {
  await killed[0];
  const [, chain] = chains;
  if (chain === undefined) throw new Error("there are two chains");
  truncateSync(join(chain.workspace.dir, "state/.pulumi/stacks/causeway/s0.json.attrs"));
  const { code, text } = await run(chain, 0, "drift");
  expect([code, text]).toEqual([0, expect.stringMatching(/which is removed: .*s0\.json\.attrs\n(.*\n)*No drift/)]);
});
