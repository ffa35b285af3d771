import { chmodSync } from "node:fs";
import { join } from "node:path";
import { type DestinationStream, pino } from "pino";
import type { Config } from "../../backend/config.ts";
import { type Backend, startBackend } from "../../backend/main.ts";
import { loadAssets } from "../../backend/page/index.ts";
import { ConnectorProblem, type RunningConnector, startCloudflared } from "../../cloudflared/index.ts";
import { type LocalApi, startApi } from "../../infra/local/api/index.ts";
import type { RunningConsole } from "../../infra/local/console/index.ts";
import { type DeploymentProblem, type Edge, type RequestRecord, startEdge } from "../../infra/local/edge/index.ts";
import { type Applied, applyProgram } from "../../infra/local/engine/index.ts";
import { startCloudTunnels, type TunnelEdge } from "../../infra/local/tunnel/index.ts";
import type { Plan, Visitor } from "../../infra/rules/index.ts";
import { messageOf } from "../command-line/index.ts";
import { readBackendConfig } from "../database/backend-config.ts";
import { writeTokenFile } from "../stack-connectors/token-file.ts";
import { takeDataDir, unusableFile } from "./data-dir.ts";
import { choosePorts, type Ports } from "./ports.ts";
import { startSiteConsole } from "./site-console.ts";
import { startRecorder } from "./site-recorder.ts";

/** What of a backend the site uses. */
export type RunningBackend = Pick<Backend, "url" | "setupPath" | "outbox" | "failed" | "stop">;

/** What the backend of a site is started with. */
export interface BackendStart {
  readonly config: Config;
  /** The environment that `config` was read from. */
  readonly env: NodeJS.ProcessEnv;
  readonly ports: Ports;
  /** Origin of the pages. */
  readonly origin: string;
  readonly log: DestinationStream;
  readonly signal: AbortSignal | undefined;
}

/** Everything that `npm start` runs. */
export interface LocalSite {
  /** Where the chat is, for browsers. */
  readonly chat: string;
  readonly hostname: string;
  readonly dataDir: string;
  readonly backend: RunningBackend;
  readonly api: LocalApi;
  readonly tunnel: TunnelEdge;
  readonly edge: Edge;
  readonly applied: Applied;
  readonly connector: RunningConnector;
  /**
   * Loads the program infra/index.ts as it is on the disk, proves the policy, and deploys what has changed. Throws an
   * ApplyError; what was deployed before stays then, unless its code is that of an operation.
   */
  redeploy(): Promise<Applied>;
  /** The page that shows what passes the edge. */
  readonly siteConsole: RunningConsole;
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
   * Read by the backend, except for its address, folder, origins and the certificates of Access, which are set here;
   * and used to find cloudflared.
   */
  readonly env: NodeJS.ProcessEnv;
  /**
   * Ends the start before its next step: everything that has started is stopped, and the start rejects with the
   * signal's reason. A site that runs is ended by `stop`.
   */
  readonly signal?: AbortSignal;
  /** Starts the backend; in this process where it is left out. */
  startBackend?(start: BackendStart): Promise<RunningBackend>;
  /** Called when a step of the start begins. */
  onStep?(step: StartStep): void;
  /** Called once for each request that reached the edge, when it is over. */
  onRequest(record: RequestRecord): void;
  /** Called with each line of the backend's log: a JSON object and a line feed. */
  onBackendLog?(line: string): void;
  /** Called when deployed rules cannot be run. */
  onProblem(problem: DeploymentProblem): void;
  /** Gets a line for the user about a problem that does not end the site. */
  warn(line: string): void;
}

/** The steps of a start, in their order. */
export const START_STEPS = [
  "the local Cloudflare API and the backend",
  "the edge's end of the tunnel",
  "the deployment of infra/index.ts",
  "the connector",
  "the edge",
] as const;
type StartStep = (typeof START_STEPS)[number];

const PROJECT = "causeway";
const STACK = "local";
const HOSTNAME = "chat.causeway.localhost";
/** Milliseconds that requests in flight have when the connector stops. */
const GRACE_PERIOD_MS = 2_000;

/**
 * Starts the Cloudflare on localhost and the backend, applies the Pulumi program to the local API, and starts a
 * connector with the token that the API returned. When one of them cannot start, the others are stopped.
 */
export async function startLocalSite(options: LocalSiteOptions): Promise<LocalSite> {
  const { dataDir, signal } = options;
  signal?.throwIfAborted();
  const running = new AsyncDisposableStack();
  try {
    running.defer(takeDataDir(dataDir));
    const parts = await startParts(options, running);
    signal?.throwIfAborted();
    let stopping: Promise<void> | undefined;
    const stop = () => {
      stopping ??= running.disposeAsync();
      return stopping;
    };
    return { ...parts, dataDir, hostname: HOSTNAME, stop };
  } catch (error) {
    await running.disposeAsync();
    if (signal?.aborted && error instanceof ConnectorProblem && error.code === "STOPPED") throw signal.reason;
    throw unusableFile(error, dataDir) ?? error;
  }
}

/** Takes all steps of a start. What has started is left to `running`, which stops it. */
async function startParts(
  options: LocalSiteOptions,
  running: AsyncDisposableStack,
): Promise<Omit<LocalSite, "dataDir" | "hostname" | "stop">> {
  const { dataDir, edgePort, signal, warn } = options;
  const begin = (step: StartStep) => {
    signal?.throwIfAborted();
    options.onStep?.(step);
  };
  const ports = await choosePorts(dataDir, options.ports, edgePort === undefined ? {} : { edge: edgePort });
  const chat = `http://${HOSTNAME}:${ports.edge}`;

  const recorder = startRecorder(dataDir, warn);
  running.defer(() => recorder.close());
  const onBackendLog = (line: string) => {
    recorder.backend.add(line);
    options.onBackendLog?.(line);
  };

  begin("the local Cloudflare API and the backend");
  const [api, backend] = await startApiAndBackend({ ...options, onBackendLog }, ports, chat, running);

  begin("the edge's end of the tunnel");
  const tunnel = await startCloudTunnels({
    cloud: api.cloud,
    port: ports.tunnel,
    certificates: join(dataDir, "certificates"),
    onRefused: (error) => warn(`the connector refused the tunnel's configuration: ${messageOf(error)}`),
  });
  running.defer(() => tunnel.close());

  begin("the deployment of infra/index.ts");
  const redeploy = () => deploy(dataDir, api, backend);
  const applied = await redeploy();
  const token = String(applied.secrets.tunnelToken);
  // For `npm run connector`, which serves the tunnel beside or instead of the one below.
  writeTokenFile(dataDir, token);

  begin("the connector");
  const connector = await startCloudflared({
    token,
    local: { edge: tunnel.address, caFile: tunnel.caFile, accessCertificates: accessCertificates(ports) },
    env: options.env,
    gracePeriodMs: GRACE_PERIOD_MS,
    ...(signal && { signal }),
  });
  running.defer(() => connector.stop());
  connector.ended.then((problem) => problem && warn(`the connector ended: ${problem.message}`));

  begin("the edge");
  const edge = await startEdge({
    port: ports.edge,
    siteUrl: chat,
    cloud: api.cloud,
    tunnel,
    ...(options.visitor && { visitor: options.visitor }),
    onRequest: options.onRequest,
    onTrace: recorder.onTrace,
    onProblem: options.onProblem,
  });
  running.defer(() => edge.close());
  const siteConsole = await startSiteConsole({
    ...{ api, edge, recorder, dataDir, port: ports.console, hostname: HOSTNAME },
    tunnelId: String(applied.outputs.tunnelId),
  });
  running.defer(() => siteConsole.close());
  const redeployAndTell = () => {
    siteConsole.beginEdit();
    return redeploy();
  };
  return { chat, backend, api, tunnel, edge, applied, connector, siteConsole, redeploy: redeployAndTell };
}

/** Where the local edge shows the certificates of its Access. */
const accessCertificates = ({ edge }: Ports): string => `http://127.0.0.1:${edge}/cdn-cgi/access/certs`;

/** Starts both at once. When one fails, the other is left to `running`, which stops it. */
async function startApiAndBackend(
  options: LocalSiteOptions,
  ports: Ports,
  chat: string,
  running: AsyncDisposableStack,
): Promise<readonly [LocalApi, RunningBackend]> {
  const { dataDir, plan = "free", signal } = options;
  const env = {
    ...options.env,
    HOST: undefined,
    PORT: String(ports.gateway),
    ORIGINS: chat,
    ...(options.env.ACCESS_TEAM && { ACCESS_CERTIFICATES: accessCertificates(ports) }),
    DATA_DIR: dataDir,
  };
  const config = readBackendConfig(env);
  const starting = [
    startLocalApi(dataDir, ports.api, plan, running),
    startGateway({ config, env, ports, origin: chat, signal }, options, running),
  ] as const;
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
function deploy(dataDir: string, api: LocalApi, backend: RunningBackend): Promise<Applied> {
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

/**
 * The backend. Its log is in the data folder, since the terminal belongs to the edge, and with each recorded request.
 */
async function startGateway(
  start: Omit<BackendStart, "log">,
  { onBackendLog = () => {}, startBackend: startChosen = startHere }: LocalSiteOptions,
  running: AsyncDisposableStack,
): Promise<RunningBackend> {
  const file = join(start.config.dataDir, "backend.log");
  const logFile = pino.destination({ dest: file, mkdir: true, mode: 0o600, append: false, sync: true });
  chmodSync(file, 0o600);
  running.defer(() => logFile.end());
  const log = {
    write(line: string) {
      logFile.write(line);
      onBackendLog(line);
    },
  };
  const backend = await startChosen({ ...start, log });
  running.defer(() => backend.stop());
  return backend;
}

/** Starts the backend in this process. */
async function startHere({ config, log, signal }: BackendStart): Promise<Backend> {
  const assets = await loadAssets();
  // The signal ends a start that waits for NATS. Without NATS the start is short, and ends by itself.
  return startBackend(config, { log, assets, ...(config.nats && signal && { signal }) });
}
