/** The stage of a rehearsal: API, tunnel, edge and backend on this machine, and the real Pulumi CLI with our provider attached. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { readConfig } from "../../backend/config.ts";
import { type Backend, startBackend } from "../../backend/main.ts";
import { type LocalApi, startApi } from "../../infra/local/api/index.ts";
import { type Edge, startEdge } from "../../infra/local/edge/index.ts";
import { type ProviderServer, startProviderServer } from "../../infra/local/provider/grpc/index.ts";
import { startCloudTunnels, type TunnelEdge } from "../../infra/local/tunnel/index.ts";
import { CONNECTOR, connectorEnvironment, stopConnectors } from "../pulumi/local-connectors.ts";
import type { StateResource } from "../pulumi/stack-state.ts";
import { tokenFile } from "../pulumi/token-file.ts";
import { openWorkspace, type Run, type Workspace } from "../pulumi/workspace.ts";

const root = resolve(import.meta.dirname, "../..");
const ZONE = "causeway.localhost";
export const HOSTNAME = `chat.${ZONE}`;
/** The hostname that a later step adds. */
export const SECOND_HOSTNAME = `team.${ZONE}`;
/** A setting that the stack names: it must be said that it stays. */
export const ZONE_SETTING = "min_tls_version";
const STACK = "rehearsal";
/** Milliseconds at most between the tries of a call. */
const LONGEST_WAIT = 1_000;

export interface Stage {
  readonly api: LocalApi;
  readonly edge: Edge;
  /** Where the stack's token is, as in `.data/STACK`. */
  readonly folder: string;
  /** Runs the CLI. */
  pulumi(...args: string[]): Promise<Run>;
  /** The same; a code other than 0 is an error with what the CLI wrote. */
  pulumiOk(...args: string[]): Promise<Run>;
  /** Every resource in the stack's state. */
  state(): Promise<readonly StateResource[]>;
  /** A call of the API as an operator makes it by hand. @throws Error where it is refused */
  byHand(method: string, path: string, body?: object): Promise<unknown>;
  /** Starts one more connector, as `npm run connector`, and waits until it is ready. @throws Error with what it said */
  connect(tokenFile: string): Promise<void>;
  close(): Promise<void>;
}

export async function openStage(program: string): Promise<Stage> {
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
    // the provider would try a call that fails for three minutes
    const wait = (milliseconds: number) => delay(Math.min(milliseconds, LONGEST_WAIT));
    const provider = await startProviderServer({ apiToken: api.token, baseURL: api.url, wait });
    closers.push(() => provider.close());
    const workspace = openProgram(program, api, provider, backend.url);
    closers.push(() => workspace.remove());
    const stackFolder = join(folder, "stack");
    closers.push(async () => {
      await stopConnectors(tokenFile(stackFolder));
    });
    // a command that deletes what it has just written fails the step
    const pulumi = (...args: string[]) => api.run(`pulumi ${args.join(" ")}`, () => workspace.run(...args));
    const pulumiOk = async (...args: string[]) => {
      const run = await pulumi(...args);
      if (run.code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${run.code}:\n${run.text.trim()}`);
      return run;
    };
    await pulumiOk("stack", "init", STACK);
    return {
      api,
      edge,
      folder: stackFolder,
      pulumi,
      pulumiOk,
      async state() {
        const file = join(workspace.dir, "exported.json");
        await pulumiOk("stack", "export", "--file", file);
        const { deployment }: { deployment: { resources?: readonly StateResource[] } } = JSON.parse(
          readFileSync(file, "utf8"),
        );
        return deployment.resources ?? [];
      },
      byHand: (method, path, body) => callApi(api, method, path, body),
      connect: (file) => startConnector(file, tunnel),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `npm run connector` for the tunnel on this machine: the cloudflared on PATH, or else our own. */
function startConnector(file: string, { address, caFile }: TunnelEdge): Promise<void> {
  const [program, ...args] = CONNECTOR;
  const child = spawn(program, args, {
    env: {
      ...connectorEnvironment(),
      TUNNEL_TOKEN_FILE: file,
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
        if (/^ready: /m.test(said)) ready();
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

/** The project's own program, as it stands, in a folder with a state and a stack of its own. */
function openProgram(pulumi: string, api: LocalApi, provider: ProviderServer, origin: string): Workspace {
  const config = {
    "causeway:zone": ZONE,
    "causeway:hostnames": [HOSTNAME],
    "causeway:origin": origin,
    "causeway:zoneSettings": { [ZONE_SETTING]: "1.2" },
  };
  return openWorkspace({
    pulumi,
    root,
    links: ["infra", "backend", "package.json"],
    files: {
      "Pulumi.yaml": readFileSync(join(root, "Pulumi.yaml"), "utf8"),
      // JSON is YAML
      [`Pulumi.${STACK}.yaml`]: JSON.stringify({ config }),
    },
    environment: {
      PULUMI_DEBUG_PROVIDERS: provider.debugProviders,
      CLOUDFLARE_API_TOKEN: api.token,
      CLOUDFLARE_BASE_URL: api.url,
    },
  });
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
