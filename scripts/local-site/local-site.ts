import { chmodSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import type { Config } from "../../backend/config.ts";
import { type Backend, startBackend } from "../../backend/main.ts";
import { loadAssets } from "../../backend/page/index.ts";
import { type RunningConnector, startCloudflared } from "../../cloudflared/index.ts";
import { type LocalApi, startApi } from "../../infra/local/api/index.ts";
import { type DeploymentProblem, type Edge, type RequestRecord, startEdge } from "../../infra/local/edge/index.ts";
import { type Applied, applyProgram } from "../../infra/local/engine/index.ts";
import { startCloudTunnels, type TunnelEdge } from "../../infra/local/tunnel/index.ts";
import type { Plan, Visitor } from "../../infra/rules/index.ts";
import { readBackendConfig } from "../database/backend-config.ts";
import { writeTokenFile } from "../stack-connectors/token-file.ts";
import { takeDataDir, unusableFile } from "./data-dir.ts";
import { choosePorts, type Ports } from "./ports.ts";

/** Everything that `npm start` runs. */
export interface LocalSite {
  /** Where the chat is, for browsers. */
  readonly chat: string;
  readonly hostname: string;
  readonly dataDir: string;
  readonly backend: Backend;
  readonly api: LocalApi;
  readonly tunnel: TunnelEdge;
  readonly edge: Edge;
  readonly applied: Applied;
  readonly connector: RunningConnector;
  /** Ends all of it, in the order in which requests flow. The same promise when called again. */
  stop(): Promise<void>;
}

export interface LocalSiteOptions {
  /** Folder of everything that outlives a run. */
  readonly dataDir: string;
  /** Where to listen, if that is free. */
  readonly ports?: Partial<Ports>;
  /** Plan of the local zone; free by default. */
  readonly plan?: Plan;
  /** What the edge takes every visitor to be; absent: a client without country and score, with its own address. */
  readonly visitor?: Visitor | undefined;
  /** Where browsers must find the site; undefined takes the remembered port or the next free one. */
  readonly edgePort?: number | undefined;
  /**
   * Read by the backend, except for its address, folder and origins, which are set here; and used to find cloudflared.
   */
  readonly env: NodeJS.ProcessEnv;
  /** Called once for each request that reached the edge, when it is over. */
  onRequest(record: RequestRecord): void;
  /** Called when deployed rules cannot be run. */
  onProblem(problem: DeploymentProblem): void;
  /** Gets a line for the user about a problem that does not end the site. */
  warn(line: string): void;
}

const PROJECT = "causeway";
const STACK = "local";
const HOSTNAME = "chat.causeway.localhost";
/** Milliseconds that requests in flight have when the connector stops. */
const GRACE_PERIOD = 2_000;

/**
 * Starts the Cloudflare on localhost and the backend, applies the Pulumi program to the local API, and starts a
 * connector with the token that the API returned. When one of them cannot start, the others are stopped.
 */
export async function startLocalSite(options: LocalSiteOptions): Promise<LocalSite> {
  const { dataDir, warn } = options;
  const running = new AsyncDisposableStack();
  try {
    running.defer(takeDataDir(dataDir));
    const { edgePort } = options;
    const ports = await choosePorts(dataDir, options.ports, edgePort === undefined ? {} : { edge: edgePort });
    const chat = `http://${HOSTNAME}:${ports.edge}`;
    const [api, backend] = await startApiAndBackend(options, ports, chat, running);
    const tunnel = await startCloudTunnels({
      cloud: api.cloud,
      port: ports.tunnel,
      certificates: join(dataDir, "certificates"),
      onRefused: (error) => warn(`the connector refused the tunnel's configuration: ${reason(error)}`),
    });
    running.defer(() => tunnel.close());
    const applied = await deploy(dataDir, api, backend);
    const token = String(applied.secrets.tunnelToken);
    // For `npm run connector`, which serves the tunnel beside or instead of the one below.
    writeTokenFile(dataDir, token);
    const connector = await startCloudflared({
      token,
      local: { edge: tunnel.address, caFile: tunnel.caFile },
      env: options.env,
      gracePeriod: GRACE_PERIOD,
    });
    running.defer(() => connector.stop());
    connector.ended.then((problem) => problem && warn(`the connector ended: ${problem.message}`));
    const edge = await startEdge({
      port: ports.edge,
      siteUrl: chat,
      cloud: api.cloud,
      tunnel,
      ...(options.visitor && { visitor: options.visitor }),
      onRequest: options.onRequest,
      onProblem: options.onProblem,
    });
    running.defer(() => edge.close());
    let stopping: Promise<void> | undefined;
    const stop = () => {
      stopping ??= running.disposeAsync();
      return stopping;
    };
    return { chat, dataDir, hostname: HOSTNAME, backend, api, tunnel, edge, applied, connector, stop };
  } catch (error) {
    await running.disposeAsync();
    throw unusableFile(error, dataDir) ?? error;
  }
}

/** Starts both at once. When one fails, the other is left to `running`, which stops it. */
async function startApiAndBackend(
  { dataDir, env, plan = "free" }: LocalSiteOptions,
  ports: Ports,
  chat: string,
  running: AsyncDisposableStack,
): Promise<readonly [LocalApi, Backend]> {
  const address = { HOST: undefined, PORT: String(ports.gateway), ORIGINS: chat };
  const config = readBackendConfig({ ...env, ...address, DATA_DIR: dataDir });
  const starting = [startLocalApi(dataDir, ports.api, plan, running), startGateway(config, running)] as const;
  await Promise.allSettled(starting);
  return Promise.all(starting);
}

async function startLocalApi(
  dataDir: string,
  port: number,
  plan: Plan,
  running: AsyncDisposableStack,
): Promise<LocalApi> {
  const api = await startApi({ port, file: join(dataDir, "cloudflare.json"), plan });
  running.defer(() => api.close());
  return api;
}

/** Applies the program infra/index.ts to the local API. */
function deploy(dataDir: string, api: LocalApi, backend: Backend): Promise<Applied> {
  return applyProgram({
    project: PROJECT,
    stack: STACK,
    config: {
      [`${PROJECT}:zone`]: api.zoneName,
      [`${PROJECT}:hostnames`]: JSON.stringify([HOSTNAME]),
      [`${PROJECT}:origin`]: backend.url,
    },
    stateFile: join(dataDir, "stack.json"),
    api: { url: api.url, token: api.token },
  });
}

/** The backend, with its log in the data folder: the terminal belongs to the edge. */
async function startGateway(config: Config, running: AsyncDisposableStack): Promise<Backend> {
  const file = join(config.dataDir, "backend.log");
  const log = pino.destination({ dest: file, mkdir: true, mode: 0o600, append: false, sync: true });
  chmodSync(file, 0o600);
  running.defer(() => log.end());
  const backend = await startBackend(config, { log, assets: await loadAssets() });
  running.defer(() => backend.stop());
  return backend;
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
