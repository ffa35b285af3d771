/**
 * What a rehearsal runs on: API, tunnel, edge and backend on this machine, and a stack of its own for the real Pulumi
 * CLI.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readConfig } from "../../backend/config.ts";
import { type Backend, startBackend } from "../../backend/main.ts";
import { type LocalApi, type PermissionGroup, startApi } from "../../infra/local/api/index.ts";
import { type Edge, startEdge } from "../../infra/local/edge/index.ts";
import { startCloudTunnels, type TunnelEdge } from "../../infra/local/tunnel/index.ts";
import { parseState, type StateResource } from "../pulumi-cli/stack-state.ts";
import { openWorkspace, type PulumiRun, type Workspace } from "../pulumi-cli/workspace.ts";
import { CONNECTOR, connectorEnvironment, stopConnectors } from "../stack-connectors/local-connectors.ts";
import { tokenFile } from "../stack-connectors/token-file.ts";
import { answerCommandLine, runCommandLine } from "./commands.ts";
import { openProvider, type RehearsedProvider } from "./provider.ts";

const root = resolve(import.meta.dirname, "../..");
const ZONE = "causeway.localhost";
export const HOSTNAME = `chat.${ZONE}`;
/** The hostname that a later step adds. */
export const SECOND_HOSTNAME = `team.${ZONE}`;
/** A setting that the stack names: it must be said that it stays. */
export const ZONE_SETTING = "min_tls_version";
const STACK = "rehearsal";

/** What the API token of a stack must be allowed, zone settings included; the README lists the same. */
const PERMISSIONS: readonly PermissionGroup[] = [
  "Zone Read",
  "Zone Settings Write",
  "DNS Write",
  "Zone WAF Write",
  "Dynamic URL Redirects Write",
  "Cache Settings Write",
  "Account Filter Lists Edit",
  "Cloudflare Tunnel Write",
];

export interface Stage {
  readonly api: LocalApi;
  readonly edge: Edge;
  /** The Cloudflare provider that the CLI uses. */
  readonly provider: string;
  /** Where the stack's token is, as in `.data/STACK`. */
  readonly folder: string;
  /** Runs `npm run NAME -- --stack rehearsal ARGS`, without a terminal. */
  operate(name: string, ...args: string[]): Promise<PulumiRun>;
  /** The same; a code other than 0 is an error with what the command wrote. */
  operateOk(name: string, ...args: string[]): Promise<PulumiRun>;
  /** Runs it on a terminal, where there can be one, and types the answer to the question. */
  answer(name: string, question: RegExp, answer: string): Promise<PulumiRun>;
  /** Runs the CLI. */
  pulumi(...args: string[]): Promise<PulumiRun>;
  /** The same; a code other than 0 is an error with what the CLI wrote. */
  pulumiOk(...args: string[]): Promise<PulumiRun>;
  /** Runs the CLI and kills it (SIGKILL) once the API has received a call that matches. */
  killAt(method: string, path: RegExp, ...args: string[]): Promise<void>;
  /** Every resource in the stack's state. */
  state(): Promise<readonly StateResource[]>;
  /** A call of the API as an operator makes it by hand. @throws Error where it is refused */
  byHand(method: string, path: string, body?: object): Promise<unknown>;
  /** Puts a new API token into the configuration and revokes the one before. */
  replaceApiToken(): Promise<void>;
  /**
   * Starts one more connector, as `npm run connector`, and waits until it is ready. @throws Error with what it wrote
   */
  connect(tokenFile: string): Promise<void>;
  /** Starts a connector as another machine does: this one has no record of it. */
  connectElsewhere(token: string): Promise<void>;
  close(): Promise<void>;
}

/** `program` is the file of the Pulumi CLI; `env` says where its plugins are (PULUMI_HOME). */
export async function openStage(program: string, env: NodeJS.ProcessEnv = process.env): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), "causeway-rehearsal-"));
  const closers: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async () => {
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    const api = await startApi({ seed: { zones: [{ name: ZONE }] } });
    closers.push(() => api.close());
    const tunnel: TunnelEdge = await startCloudTunnels({
      cloud: api.cloud,
      certificates: join(folder, "certificates"),
    });
    closers.push(() => tunnel.close());
    const edge = await startEdge({ cloud: api.cloud, tunnel, plainPort: 0 });
    closers.push(() => edge.close());
    const backend = await startOrigin(join(folder, "data"), edge.port);
    closers.push(() => backend.stop());
    const provider = await openProvider(root, env);
    closers.push(() => provider.close());
    const dataDir = join(folder, "operator");
    const workspace = openProgram(program, api, provider, backend.url, {
      DATA_DIR: dataDir,
      PULUMI_BIN: program,
      TUNNEL_EDGE: tunnel.address,
      TUNNEL_CACERT: tunnel.caFile,
    });
    closers.push(() => workspace.remove());
    const stackFolder = join(dataDir, STACK);
    closers.push(async () => {
      await stopConnectors(tokenFile(stackFolder));
    });
    // a command that deletes what it has just written fails the step
    const pulumi = (...args: string[]) => api.run(`pulumi ${args.join(" ")}`, () => workspace.run(...args));
    const pulumiOk = async (...args: string[]) => succeeded(`pulumi ${args.join(" ")}`, await pulumi(...args));
    const place = () => ({ cwd: workspace.dir, env: workspace.environment });
    const operate = (name: string, ...args: string[]) =>
      api.run(name, () => runCommandLine(place(), [name, "--stack", STACK, ...args]));
    const elsewhere: ChildProcess[] = [];
    closers.push(async () => {
      for (const child of elsewhere) await stopped(child);
    });
    let apiToken: string | undefined;
    const replaceApiToken = async () => {
      const before = apiToken;
      apiToken = api.issueToken(PERMISSIONS);
      succeeded("pulumi config set", await workspace.setSecret("cloudflare:apiToken", apiToken));
      if (before !== undefined) api.revokeToken(before);
    };
    await pulumiOk("stack", "init", STACK);
    await replaceApiToken();
    return {
      api,
      edge,
      provider: provider.name,
      folder: stackFolder,
      operate,
      operateOk: async (name, ...args) => succeeded(`npm run ${name}`, await operate(name, ...args)),
      answer: (name, question, answer) =>
        api.run(name, () => answerCommandLine(place(), [name, "--stack", STACK], question, answer)),
      pulumi,
      pulumiOk,
      killAt: (method, path, ...args) => {
        const from = api.journal.length;
        const isReached = () => api.journal.slice(from).some((call) => call.method === method && path.test(call.path));
        return api.run("a run that is killed", () => killWhen(isReached, program, args, place()));
      },
      async state() {
        const file = join(workspace.dir, "exported.json");
        await pulumiOk("stack", "export", "--file", file);
        return parseState(readFileSync(file, "utf8")).resources;
      },
      byHand: (method, path, body) => callApi(api, method, path, body),
      replaceApiToken,
      async connect(file) {
        await startConnector({ TUNNEL_TOKEN_FILE: file }, tunnel);
      },
      async connectElsewhere(token) {
        elsewhere.push(await startConnector({ TUNNEL_TOKEN: token }, tunnel));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function succeeded(command: string, run: PulumiRun): PulumiRun {
  if (run.code !== 0) throw new Error(`${command} ended with ${run.code}:\n${run.text.trim()}`);
  return run;
}

/** Milliseconds between two looks at the journal. */
const LOOK_MS = 5;

/** @throws Error where the run ends before it is there */
async function killWhen(
  isReached: () => boolean,
  program: string,
  args: readonly string[],
  place: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<void> {
  const child = spawn(program, [...args, "--non-interactive"], { ...place, stdio: "ignore" });
  const ended = once(child, "close");
  while (!isReached()) {
    if (child.exitCode !== null) throw new Error(`the run ended with ${child.exitCode} before it was killed`);
    await delay(LOOK_MS);
  }
  child.kill("SIGKILL");
  await ended;
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "close");
  child.kill("SIGTERM");
  await ended;
}

/** `npm run connector` for the tunnel on this machine: the cloudflared on PATH, or else our own. */
function startConnector(
  token: Readonly<Record<string, string>>,
  { address, caFile }: TunnelEdge,
): Promise<ChildProcess> {
  const [program, ...args] = CONNECTOR;
  const child = spawn(program, args, {
    env: {
      ...connectorEnvironment(),
      ...token,
      TUNNEL_EDGE: address,
      TUNNEL_CACERT: caFile,
      TUNNEL_GRACE_PERIOD: "2s",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  return new Promise((ready, failed) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (/^ready: /m.test(said)) ready(child);
      });
    }
    child.once("error", failed);
    child.once("close", (code) => failed(new Error(`the connector ended with ${code}: ${said.trim()}`)));
  });
}

/** The backend as it runs behind a tunnel, on a database of its own. */
async function startOrigin(dataDir: string, edgePort: number): Promise<Backend> {
  const origins = [HOSTNAME, SECOND_HOSTNAME].map((hostname) => `http://${hostname}:${edgePort}`).join(",");
  return startBackend(
    readConfig({ PORT: "0", DATA_DIR: dataDir, ORIGINS: origins, LOG_LEVEL: "silent", DRAIN_SECONDS: "1" }),
  );
}

/** The project's own program, as it is, in a folder with a state and a stack of its own. */
function openProgram(
  pulumi: string,
  api: LocalApi,
  provider: RehearsedProvider,
  origin: string,
  environment: Readonly<Record<string, string>>,
): Workspace {
  const config = {
    "causeway:zone": ZONE,
    "causeway:hostnames": [HOSTNAME],
    "causeway:origin": origin,
    "causeway:zoneSettings": { [ZONE_SETTING]: "1.2" },
    "cloudflare:baseUrl": api.url,
  };
  const workspace = openWorkspace({
    pulumi,
    root,
    links: ["infra", "backend", "package.json"],
    files: {
      "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8"),
      // JSON is YAML
      [`Pulumi.${STACK}.yaml`]: JSON.stringify({ config }),
    },
    // the operator's own token is for the operator's own zones
    environment: {
      ...environment,
      ...provider.environment,
      CLOUDFLARE_API_TOKEN: undefined,
      CLOUDFLARE_BASE_URL: undefined,
    },
  });
  provider.install(workspace.environment.PULUMI_HOME ?? workspace.dir);
  return workspace;
}

async function callApi(api: LocalApi, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${api.token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer =
    response.status === 204 ? { success: true } : ((await response.json()) as { success: boolean; result?: unknown });
  if (!answer.success)
    throw new Error(`${method} ${path} was answered with ${response.status}: ${JSON.stringify(answer)}`);
  return answer.result;
}
