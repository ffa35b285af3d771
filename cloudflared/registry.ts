import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { looksLikeConnector, startTimeOf } from "./process.ts";
import { type ProcessSupervisor, serviceOf } from "./service.ts";

/** The state of a running `npm run connector`. It writes it into a file in the folder of the token's file. */
export interface ConnectorState {
  /** The process that `npm run connector` runs in. SIGTERM ends it and the cloudflared it started. */
  readonly pid: number;
  /** The process that carries the requests: cloudflared, or `pid` itself for Causeway's own connector. */
  readonly child: number;
  /** `host:port` of its `/ready`. */
  readonly metrics: string;
  /** Fingerprint of the token that it runs with. */
  readonly token: string;
  /** It got the signal to stop; requests in flight may still end. */
  readonly stopping: boolean;
  /** The last token that it could not change to, and why. */
  readonly refused?: { readonly token: string; readonly message: string };
  /** When `pid` and `child` started, by pid. Added when the file is written; older versions did not. */
  readonly started?: Readonly<Record<number, string>>;
}

/** A connector of this machine that runs for the token of a file. */
export interface RegisteredConnector extends ConnectorState {
  /** Its `npm run connector` was killed and could not end cloudflared; `pid` is cloudflared's. */
  readonly orphan: boolean;
  /** The service manager's unit or container that it runs in. */
  readonly service?: ProcessSupervisor;
}

/** The file of a running connector, beside the token's file. */
export interface ConnectorRegistration {
  update(change: Partial<ConnectorState>): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Names a token without revealing it: 64 bits of its SHA-256. A token holds at least 256 random bits, so it cannot be
 * guessed from this.
 */
export function fingerprint(token: string): string {
  return createHash("sha256").update(token).digest("hex").slice(0, 16);
}

/** The folder beside a token's file that holds one file for each running connector. */
function folderOf(tokenFile: string): string {
  return `${tokenFile}.connectors`;
}

/** Writes the state of this process beside the token's file. The folder is 0700, the file 0600. */
export async function register(tokenFile: string, state: ConnectorState): Promise<ConnectorRegistration> {
  const folder = folderOf(tokenFile);
  const file = join(folder, `${state.pid}.json`);
  let current = state;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // one write after the other, so that an older state never replaces a newer one
  let writing = writeState(file, current);
  await writing;
  return {
    update(change) {
      current = { ...current, ...change };
      const next = current;
      writing = writing.catch(() => {}).then(() => writeState(file, next));
      return writing;
    },
    async remove() {
      await writing.catch(() => {});
      await rm(file, { force: true });
    },
  };
}

/** Replaces the file in one step: a reader of the folder never sees half a file. */
async function writeState(file: string, state: ConnectorState): Promise<void> {
  const draft = `${file}.draft`;
  const started: Record<number, string> = {};
  for (const pid of [state.pid, state.child]) {
    const start = await startTimeOf(pid);
    if (start !== undefined) started[pid] = start;
  }
  await writeFile(draft, JSON.stringify({ ...state, started }), { mode: 0o600 });
  await rename(draft, file);
}

/** The connectors that run for a token's file and respond at `/ready`. Removes the files of those that ended. */
export async function registeredConnectors(tokenFile: string): Promise<RegisteredConnector[]> {
  const folder = folderOf(tokenFile);
  const names = await readdir(folder).catch(() => []);
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith(".json"))
      .map(async (name) => {
        const state = parseState(await readFile(join(folder, name), "utf8").catch(() => ""));
        const pid = state && ((await isSameProcess(state, state.pid)) ? state.pid : state.child);
        if (state && pid !== undefined && (await responds(state.metrics)) && (await isSameProcess(state, pid))) {
          const service = await serviceOf(pid);
          return { ...state, pid, orphan: pid !== state.pid, ...(service && { service }) };
        }
        await rm(join(folder, name), { force: true });
        return undefined;
      }),
  );
  return found.filter((connector) => connector !== undefined);
}

function parseState(text: string): ConnectorState | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const { pid, child, metrics, token, stopping, refused, started } = value as Partial<
      Record<keyof ConnectorState, unknown>
    >;
    if (!isPid(pid) || !isPid(child) || typeof metrics !== "string" || typeof token !== "string") return undefined;
    const why = readRefused(refused);
    const when = readStarted(started);
    return {
      ...{ pid, child, metrics, token, stopping: stopping === true },
      ...(why && { refused: why }),
      ...(when && { started: when }),
    };
  } catch {
    return undefined;
  }
}

function readRefused(value: unknown): ConnectorState["refused"] {
  if (typeof value !== "object" || value === null || !("token" in value && "message" in value)) return undefined;
  return { token: String(value.token), message: String(value.message) };
}

function readStarted(value: unknown): ConnectorState["started"] {
  if (value === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(Object(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

const isPid = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 1;

/** Sends SIGTERM to every cloudflared whose `npm run connector` was killed; returns their pids. */
export async function stopOrphans(tokenFile: string): Promise<readonly number[]> {
  const orphans = (await registeredConnectors(tokenFile)).filter(({ orphan }) => orphan);
  for (const orphan of orphans) await sendStopSignal(orphan);
  return orphans.map(({ pid }) => pid);
}

/** Sends SIGTERM to a connector. Does nothing where it has ended, or where another process has its pid now. */
export async function sendStopSignal(connector: RegisteredConnector): Promise<void> {
  if (!(await isSameProcess(connector, connector.pid))) return;
  try {
    process.kill(connector.pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Whether a process with this pid runs that this user may signal, and it is the one that wrote the file. */
async function isSameProcess({ started }: ConnectorState, pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (started === undefined) return looksLikeConnector(pid);
  return started[pid] !== undefined && started[pid] === (await startTimeOf(pid));
}

/** Whether a process with this pid exists and this user may signal it. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether a connector responds at this address. One that needs more than 5 s counts too: it is busy. */
async function responds(metrics: string): Promise<boolean> {
  try {
    const response = await fetch(`http://${metrics}/ready`, { signal: AbortSignal.timeout(5_000) });
    const status: unknown = await response.json();
    return typeof status === "object" && status !== null && "connectorId" in status;
  } catch (error) {
    return typeof error === "object" && error !== null && "name" in error && error.name === "TimeoutError";
  }
}
