import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { treeOf } from "../../scripts/command-line/processes.ts";
import { killAtExit } from "../kill-at-exit.ts";
import { atEnd } from "./benchmark.ts";

/** A server in a process of its own. */
export interface Contender {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
  /** Access tokens of its users, where it has some. */
  readonly tokens: readonly string[];
}

/** What a server process answers over its channel when it is asked. */
export interface Told {
  /** After a forced collection, where the process allows one: bytes. */
  readonly memory: NodeJS.MemoryUsage;
  /** Event loop delay since the last question, in milliseconds. */
  readonly delay: { readonly mean: number; readonly p99: number };
}

/** What a server process says over its channel when it listens. */
export interface Ready {
  readonly port: number;
  readonly tokens?: readonly string[];
}

/**
 * Connections that may wait in the kernel of a Node.js contender, as many as the backend allows: with Node's default of
 * 511, clients that come all at once are dropped, and try again after a second.
 */
export const BACKLOG = 4_096;

/** Servers have the first core for themselves; Linux only keeps a process on a core. */
let isPinned = process.platform === "linux" && availableParallelism() > 1;

/** Starts a program on the first core, or with all cores when `everywhere`. It ends with the benchmark. */
export function launch(
  program: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly everywhere?: boolean; readonly channel?: boolean } = {},
): ChildProcess {
  const { env = process.env, everywhere = false, channel = false } = options;
  const [command = "", ...args] = isPinned && !everywhere ? ["taskset", "-c", "0", ...program] : program;
  const child = spawn(command, args, {
    stdio: ["ignore", "ignore", "inherit", ...(channel ? ["ipc" as const] : [])],
    env,
  });
  killAtExit(child);
  atEnd(() => end(child));
  return child;
}

/**
 * Starts `SCRIPT KIND GIVEN` in a Node.js of its own; the script says over its channel when it is ready. `given` is
 * what the script wants to know, as JSON.
 */
export async function start(
  script: string,
  kind: string,
  options: { readonly flags?: readonly string[]; readonly everywhere?: boolean; readonly given?: object } = {},
): Promise<Contender> {
  const { flags = [], everywhere = false, given = {} } = options;
  const file = fileURLToPath(new URL(script, import.meta.url));
  const env = { ...process.env, NODE_ENV: "production" };
  const program = [process.execPath, ...flags, file, kind, JSON.stringify(given)];
  const child = launch(program, { env, everywhere, channel: true });
  const ready = await Promise.race([
    once(child, "message").then(([message]) => message as Ready),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`${kind} ended with ${code} before it was ready`))),
  ]);
  return { name: kind, child, port: ready.port, tokens: ready.tokens ?? [] };
}

/** Puts processes that run already on the first core. */
export function pinToFirstCore(pids: readonly number[]): void {
  if (isPinned) for (const pid of pids) spawnSync("taskset", ["-a", "-c", "-p", "0", String(pid)]);
}

/** Leaves the first core to the servers, where there is another. */
export function stayOnSecondCore(): void {
  if (isPinned) spawnSync("taskset", ["-a", "-c", "-p", "1", String(process.pid)]);
}

/** Lets the system choose the cores of servers and load. Called before any of them starts. */
export function shareAllCores(): void {
  isPinned = false;
}

export async function ask({ child }: Pick<Contender, "child">): Promise<Told> {
  child.send("tell");
  const [told] = (await once(child, "message")) as [Told];
  return told;
}

export const stop = ({ child }: Pick<Contender, "child">): Promise<void> => end(child);

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill();
  await gone;
}

/** Microseconds of CPU that a process and its children have used; NaN where the system does not tell. */
export function cpuOf(pid: number): number {
  return treeOf(pid).reduce((sum, each) => sum + (ownCpu(each) ?? (each === pid ? Number.NaN : 0)), 0);
}

export const cpu = ({ child }: Pick<Contender, "child">): number => cpuOf(child.pid ?? 0);

/**
 * What a process has used and its ended children had. The ticks of 10 ms in `stat` (proc(5), utime to cstime) are too
 * coarse for what one client costs; `schedstat` has nanoseconds, of each thread that runs. A process whose threads
 * have ended meanwhile has used more than those that are left: then the ticks count.
 */
function ownCpu(pid: number): number | undefined {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "";
    const [user = 0, system = 0, ...ofChildren] = afterName.split(" ").slice(11, 15).map(Number);
    const ended = ofChildren.reduce((sum, each) => sum + each, 0) * TICK;
    return ended + Math.max((user + system) * TICK, ownThreads(pid));
  } catch {
    return undefined;
  }
}

/** Microseconds. */
const TICK = 10_000;

/** Microseconds that the threads of a process have run (sched-stats of the kernel); 0 where the kernel has none. */
function ownThreads(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ", 1)[0]);
    } catch {
      // it has ended, or the kernel keeps no such numbers
    }
  }
  return nanoseconds / 1000;
}

export const quantile = (values: readonly number[], part: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;
export const median = (values: readonly number[]) => quantile(values, 0.5);
/** The median of the ratios of two figures that were taken in turns. */
export const ratios = (values: readonly number[], base: readonly number[]) =>
  median(values.map((value, i) => value / (base[i] ?? Number.NaN)));

/** A folder that is removed when the benchmark ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "causeway-bench-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
