/** The servers of a rehearsal: API, tunnel, edge and backend on this machine, and a folder for the Pulumi CLI. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readConfig } from "../../backend/config.ts";
import { type Backend, startBackend } from "../../backend/main.ts";
import { type LocalApi, startApi } from "../../infra/local/api/index.ts";
import { type Edge, startEdge } from "../../infra/local/edge/index.ts";
import { startCloudTunnels, type TunnelEdge } from "../../infra/local/tunnel/index.ts";
import { openWorkspace, type Workspace } from "../pulumi-cli/workspace.ts";
import { openProvider, type RehearsedProvider } from "./provider.ts";

const root = resolve(import.meta.dirname, "../..");
const ZONE = "causeway.localhost";
export const HOSTNAME = `chat.${ZONE}`;
/** The hostname that a later step adds. */
export const SECOND_HOSTNAME = `team.${ZONE}`;
/** A service that the same step adds: another hostname, behind the same tunnel. */
export const SERVICE_HOSTNAME = `status.${ZONE}`;
/** A hostname that the same step puts behind Access. */
export const PROTECTED_HOSTNAME = `admin.${ZONE}`;
/** A zone setting that the stack configures. `down` must print that it stays. */
export const ZONE_SETTING = "min_tls_version";
export const STACK = "rehearsal";

export interface RehearsedSite {
  readonly api: LocalApi;
  readonly tunnel: TunnelEdge;
  readonly edge: Edge;
  readonly provider: RehearsedProvider;
  readonly workspace: Workspace;
  /** `DATA_DIR` of the operator's commands. */
  readonly dataDir: string;
}

/** Starts all of it in a folder. What has started is left to `running`, which stops it. */
export async function startRehearsedSite(
  program: string,
  env: NodeJS.ProcessEnv,
  folder: string,
  running: AsyncDisposableStack,
): Promise<RehearsedSite> {
  const api = await startApi({ seed: { zones: [{ name: ZONE }] } });
  running.defer(() => api.close());
  const tunnel = await startCloudTunnels({ cloud: api.cloud, certificates: join(folder, "certificates") });
  running.defer(() => tunnel.close());
  const edge = await startEdge({ cloud: api.cloud, tunnel, plainPort: 0 });
  running.defer(() => edge.close());
  const backend = await startOrigin(join(folder, "data"), edge.port);
  running.defer(() => backend.stop());
  const provider = await openProvider(root, env);
  running.defer(() => provider.close());
  const dataDir = join(folder, "operator");
  const workspace = openProgram(program, api, provider, backend.url, {
    DATA_DIR: dataDir,
    PULUMI_BIN: program,
    TUNNEL_EDGE: tunnel.address,
    TUNNEL_CACERT: tunnel.caFile,
  });
  running.defer(() => workspace.remove());
  return { api, tunnel, edge, provider, workspace, dataDir };
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
    // the operator's own token must not be used: it is for real zones
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
