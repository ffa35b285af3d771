import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What of its environment a connector was started with, so that its replacement can be started alike. */
const KEPT = ["CLOUDFLARED_BIN", "TUNNEL_CACERT", "TUNNEL_EDGE", "TUNNEL_GRACE_PERIOD"] as const;

/** A connector of this machine that runs for the token of a file. */
export interface RegisteredConnector {
  /** Process whose SIGTERM ends it: `npm run connector`, or the cloudflared that outlived it. */
  readonly pid: number;
  /** Its `npm run connector` was killed without a chance to end cloudflared. */
  readonly orphan: boolean;
  /** `host:port` of its `/ready`. */
  readonly metrics: string;
  readonly env: Readonly<Record<string, string>>;
}

/** The folder beside a token's file in which its connectors leave word of themselves. */
function folderOf(tokenFile: string): string {
  return `${tokenFile}.connectors`;
}

/** The file that takes the output of connectors started as replacements. */
export function logOf(tokenFile: string): string {
  return join(folderOf(tokenFile), "replacements.log");
}

/** Leaves word of this process beside the token's file; returns how to take it back. */
export async function register(
  tokenFile: string,
  connector: { readonly pid: number; readonly child: number; readonly metrics: string },
  env: NodeJS.ProcessEnv,
): Promise<() => Promise<void>> {
  const folder = folderOf(tokenFile);
  const file = join(folder, `${connector.pid}.json`);
  const kept = Object.fromEntries(KEPT.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Whole or not at all: whoever lists the folder must not read half a file.
  const draft = `${file}.draft`;
  const { pid, child, metrics } = connector;
  await writeFile(draft, JSON.stringify({ pid, child, metrics, env: kept }), { mode: 0o600 });
  await rename(draft, file);
  return () => rm(file, { force: true });
}

/** The connectors that run for a token's file and answer. What is left of those that died is removed. */
export async function registered(tokenFile: string): Promise<RegisteredConnector[]> {
  const folder = folderOf(tokenFile);
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => {
        const left = read(await readFile(join(folder, name), "utf8").catch(() => ""));
        const pid = left && [left.pid, left.child].find(isAlive);
        // A number alone may belong to another process by now; the answer to /ready does not.
        if (left && pid !== undefined && (await answers(left.metrics))) {
          return { pid, orphan: pid !== left.pid, metrics: left.metrics, env: left.env };
        }
        await rm(join(folder, name), { force: true });
        return undefined;
      }),
  );
  return found.filter((connector) => connector !== undefined);
}

/** What a connector left word of; `child` is the process that does the work, its own or cloudflared's. */
type Word = Omit<RegisteredConnector, "orphan"> & { readonly child: number };

function read(text: string): Word | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || !("pid" in value && "metrics" in value && "env" in value))
      return undefined;
    const { pid, metrics, env } = value;
    const child = "child" in value ? value.child : pid;
    if (!isPid(pid) || !isPid(child) || typeof metrics !== "string") return undefined;
    return { pid, child, metrics, env: { ...(env as Record<string, string>) } };
  } catch {
    return undefined;
  }
}

const isPid = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 1;

/** Tells every cloudflared whose `npm run connector` was killed to stop; answers their pids. */
export async function stopOrphans(tokenFile: string): Promise<readonly number[]> {
  const orphans = (await registered(tokenFile)).filter(({ orphan }) => orphan);
  for (const { pid } of orphans) process.kill(pid, "SIGTERM");
  return orphans.map(({ pid }) => pid);
}

/** Whether a process of this number exists and is ours to signal. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether a connector answers there. One that takes its time is busy, not gone. */
async function answers(metrics: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${metrics}/ready`, { signal: AbortSignal.timeout(5_000) });
    const status: unknown = await response.json();
    return typeof status === "object" && status !== null && "connectorId" in status;
  } catch (error) {
    return typeof error === "object" && error !== null && "name" in error && error.name === "TimeoutError";
  }
}
