/** The stage of a rehearsal: API, tunnel, edge and backend on this machine, and the real Pulumi CLI with our provider attached. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { readConfig } from "../../backend/config.ts";
import { type Backend, startBackend } from "../../backend/main.ts";
import { type LocalApi, startApi } from "../../infra/local/api/index.ts";
import { type Edge, startEdge } from "../../infra/local/edge/index.ts";
import { type ProviderServer, startProviderServer } from "../../infra/local/provider/grpc/index.ts";
import { type Connector, startConnector } from "../../infra/local/tunnel/connector.ts";
import { startCloudTunnels, type TunnelEdge } from "../../infra/local/tunnel/index.ts";
import { openWorkspace, type Run, type Workspace } from "../pulumi/workspace.ts";

const root = resolve(import.meta.dirname, "../..");
const ZONE = "causeway.localhost";
export const HOSTNAME = `chat.${ZONE}`;
/** The hostname that a later step adds. */
export const SECOND_HOSTNAME = `team.${ZONE}`;
/** A setting that the stack names: it must be said that it stays. */
export const ZONE_SETTING = "min_tls_version";
const STACK = "rehearsal";

export interface Stage {
  readonly api: LocalApi;
  readonly edge: Edge;
  readonly connectors: Connector[];
  /** Runs the CLI. */
  pulumi(...args: string[]): Promise<Run>;
  /** The same; a code other than 0 is an error with what the CLI wrote. */
  pulumiOk(...args: string[]): Promise<Run>;
  /** A call of the API as an operator makes it by hand. @throws Error where it is refused */
  byHand(method: string, path: string, body?: object): Promise<unknown>;
  /** Starts one more connector with the token and waits until it is ready. */
  connect(token: string): Promise<Connector>;
  close(): Promise<void>;
}

export async function openStage(pulumi: string): Promise<Stage> {
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
    const edge = await startEdge({ cloud: api.cloud, tunnel });
    closers.push(() => edge.close());
    const backend = await startOrigin(join(folder, "data"), edge.port);
    closers.push(() => backend.stop());
    const provider = await startProviderServer({ apiToken: api.token, baseURL: api.url });
    closers.push(() => provider.close());
    const workspace = openProgram(pulumi, api, provider, backend.url);
    closers.push(() => workspace.remove());
    const connectors: Connector[] = [];
    closers.push(async () => {
      await Promise.all(connectors.map((connector) => connector.stop()));
    });
    const ca = readFileSync(tunnel.caFile, "utf8");
    const pulumiOk = async (...args: string[]) => {
      const run = await workspace.run(...args);
      if (run.code !== 0) throw new Error(`pulumi ${args.join(" ")} ended with ${run.code}:\n${run.text.trim()}`);
      return run;
    };
    await pulumiOk("stack", "init", STACK);
    return {
      api,
      edge,
      connectors,
      pulumi: (...args) => workspace.run(...args),
      pulumiOk,
      byHand: (method, path, body) => callApi(api, method, path, body),
      async connect(token) {
        const edges = Array.from({ length: 4 }, () => tunnel.address);
        const connector = await startConnector({ token, edge: edges, ca, gracePeriod: 2000 });
        connectors.push(connector);
        await connector.ready;
        return connector;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
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
    headers: { authorization: `Bearer ${api.token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer =
    response.status === 204 ? { success: true } : ((await response.json()) as { success: boolean; result?: unknown });
  if (!answer.success)
    throw new Error(`${method} ${path} was answered with ${response.status}: ${JSON.stringify(answer)}`);
  return answer.result;
}
