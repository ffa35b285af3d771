/**
 * The operator's commands as an operator runs them, with the real CLI and our provider, against a Cloudflare on
 * localhost.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import Cloudflare from "cloudflare";
import { registeredConnectors } from "../../../cloudflared/index.ts";
import { type LocalApi, type SeedZone, startApi } from "../../../infra/local/api/index.ts";
import { startProviderServer } from "../../../infra/local/provider/grpc/index.ts";
import { startCloudTunnels, type TunnelEdge } from "../../../infra/local/tunnel/index.ts";
import { getPulumi } from "../../../scripts/pulumi-cli/find-cli.ts";
import { openWorkspace, type PulumiRun, type Workspace } from "../../../scripts/pulumi-cli/workspace.ts";
import { copyProject } from "../../copy-project.ts";

const root = resolve(import.meta.dirname, "../../..");

/** The state of the API, in the folder of the stage. */
export const CLOUD_FILE = "cloud.json";

/** What the README tells the operator to give the token. */
export const PERMISSIONS = [
  "Zone Read",
  "DNS Write",
  "Zone WAF Write",
  "Dynamic URL Redirects Write",
  "Cache Settings Write",
  "Cloudflare Tunnel Write",
] as const;

export interface OperatorStage {
  readonly api: LocalApi;
  readonly cloudflare: Cloudflare;
  readonly workspace: Workspace;
  readonly tunnels: TunnelEdge;
  /** Where the stack's token is. */
  readonly tokenFile: string;
  /** The environment of the commands; may be changed. */
  env: NodeJS.ProcessEnv;
  /** Runs `npm run NAME -- --stack dev ...` without a terminal. */
  npmRun(name: string, ...args: readonly string[]): Promise<PulumiRun>;
  /** Runs `npm run NAME -- --stack STACK ...`. */
  npmRunOf(stack: string, name: string, ...args: readonly string[]): Promise<PulumiRun>;
  /** Runs it on a terminal, as util-linux's `script` makes one; types `answer` when it has asked. */
  onTerminal(name: string, asked: RegExp, answer: string, ...args: readonly string[]): Promise<PulumiRun>;
  /** Starts a connector that the kit does not know, as on another machine; resolves once it is ready. */
  startForeignConnector(token: string): Promise<ChildProcess>;
  /** The API token in the configuration of the stack at first. */
  readonly apiToken: string;
  /** Sets the API token in the configuration. */
  setApiToken(token: string): Promise<unknown>;
  /** Leaves a lock file of another run; returns how to remove it. */
  lock(): () => void;
  /** What reached the API besides reads, since a length of its journal. Ids are replaced. */
  writesSince(from: number): string[];
  close(): Promise<void>;
}

export interface OperatorStageOptions {
  /** Files of the project that are others than here, such as a policy with a list, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the token may do besides `PERMISSIONS`. */
  readonly permissions?: Parameters<LocalApi["issueToken"]>[0];
  /** Beside example.com, in the same account. */
  readonly zones?: readonly SeedZone[];
}

/** A stack `dev` for chat.example.com with a token in its configuration. Nothing is deployed. */
export async function openOperatorStage({
  files,
  permissions = [],
  zones = [],
}: OperatorStageOptions = {}): Promise<OperatorStage> {
  const provider = await startProviderServer();
  const pulumi = await getPulumi(process.env);
  const environment = { PULUMI_DEBUG_PROVIDERS: provider.debugProviders };
  const links = [
    "Pulumi.yaml",
    "package.json",
    ...(files === undefined ? [".github", "infra", "backend", "scripts"] : []),
  ];
  const workspace = openWorkspace({ pulumi, root, links, files: {}, environment });
  if (files !== undefined) copyProject(workspace.dir, files);
  const file = join(workspace.dir, CLOUD_FILE);
  const api = await startApi({ file, seed: { zones: [{ name: "example.com" }, ...zones] } });
  const tunnels = await startCloudTunnels({ cloud: api.cloud, certificates: join(workspace.dir, "certificates") });
  const stops: (() => Promise<unknown>)[] = [];
  const apiToken = api.issueToken([...PERMISSIONS, ...permissions]);
  const tokenFile = join(workspace.dir, "data", "dev", "tunnel-token");
  const commands = files === undefined ? root : workspace.dir;
  const command = (name: string, of = "dev") => [join(commands, "scripts/run.mjs"), name, "--stack", of];
  const stage: OperatorStage = {
    api,
    cloudflare: new Cloudflare({ apiToken: api.token, baseURL: api.url, logLevel: "off" }),
    workspace,
    tunnels,
    tokenFile,
    apiToken,
    env: {
      ...process.env,
      ...environment,
      PULUMI_BIN: pulumi,
      PULUMI_BACKEND_URL: `file://${workspace.dir}/state`,
      PULUMI_HOME: join(workspace.dir, "home"),
      PULUMI_CONFIG_PASSPHRASE: "rehearsal",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      DATA_DIR: join(workspace.dir, "data"),
      TUNNEL_EDGE: tunnels.address,
      TUNNEL_CACERT: tunnels.caFile,
      NODE_OPTIONS: undefined,
    },
    npmRun: (name, ...args) => stage.npmRunOf("dev", name, ...args),
    npmRunOf: (of, name, ...args) => runNode([...command(name, of), ...args], { cwd: workspace.dir, env: stage.env }),
    async onTerminal(name, asked, answer, ...args) {
      const line = [process.execPath, ...command(name), ...args].join(" ");
      const child = spawn("script", ["-qefc", line, "/dev/null"], {
        cwd: workspace.dir,
        env: { ...stage.env, TERM: "xterm" },
      });
      let text = "";
      let typed = false;
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
        if (typed || !asked.test(text)) return;
        typed = true;
        child.stdin.write(answer);
      });
      const [code] = await once(child, "close");
      return { code: Number(code), text };
    },
    async startForeignConnector(token) {
      const child = spawn(process.execPath, [join(root, "scripts/run.mjs"), "connector"], {
        cwd: workspace.dir,
        env: { ...stage.env, TUNNEL_TOKEN: token, DATA_DIR: join(workspace.dir, "elsewhere") },
        stdio: ["ignore", "pipe", "ignore"],
      });
      const ended = once(child, "close");
      stops.push(() => {
        child.kill("SIGTERM");
        return ended;
      });
      await Promise.race([once(child.stdout, "data"), ended]);
      return child;
    },
    setApiToken: (token) => workspace.setSecret("cloudflare:apiToken", token, "--stack", "dev"),
    lock() {
      const folder = join(workspace.dir, "state/.pulumi/locks/organization/causeway/dev");
      mkdirSync(folder, { recursive: true });
      const file = join(folder, "0a1b2c3d-0000-4000-8000-000000000000.json");
      const timestamp = "2026-11-29T10:00:00Z";
      writeFileSync(file, JSON.stringify({ pid: 7, username: "ada", hostname: "elsewhere", timestamp }));
      return () => rmSync(file);
    },
    writesSince: (from) =>
      api.journal
        .slice(from)
        .filter(({ method, dryRun }) => method !== "GET" && !dryRun)
        .map(({ method, path }) => `${method} ${idsReplaced(path.split("/").slice(3).join("/"))}`),
    async close() {
      for (const stop of stops) await stop();
      for (const { pid } of await registeredConnectors(tokenFile)) process.kill(pid, "SIGTERM");
      workspace.remove();
      await tunnels.close();
      await provider.close();
      await api.close();
    },
  };
  const settings = [
    ["zone", "example.com"],
    ["--path", "hostnames[0]", "chat.example.com"],
    ["cloudflare:baseUrl", api.url],
  ];
  await workspace.run("stack", "init", "dev");
  for (const setting of settings) await workspace.run("config", "set", ...setting);
  await workspace.setSecret("cloudflare:apiToken", apiToken);
  return stage;
}

/** Runs Node.js without a terminal. */
export async function runNode(
  args: readonly string[],
  place: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<PulumiRun> {
  const child = spawn(process.execPath, args, { ...place, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
  }
  const [code] = await once(child, "close");
  return { code: Number(code ?? 255), text };
}

const idsReplaced = (path: string): string => path.replaceAll(/[0-9a-f-]{32,36}/g, "ID");
