import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

/** A server in a process of its own. */
export interface Contender {
  readonly name: string;
  readonly child: ChildProcess;
  readonly port: number;
}

/** What a server process answers over its channel when it is asked. */
export interface Told {
  /** After a forced collection, where the process allows one: bytes. */
  readonly memory: NodeJS.MemoryUsage;
  /** Event loop delay since the last question, in milliseconds. */
  readonly delay: { readonly mean: number; readonly p99: number };
}

/**
 * Starts `SCRIPT KIND`, which prints its port, with the first core for itself; with all cores when `everywhere`. Linux only keeps
 * a process on a core; elsewhere it runs where it likes.
 */
export async function start(
  script: string,
  kind: string,
  options: { readonly flags?: readonly string[]; readonly everywhere?: boolean } = {},
): Promise<Contender> {
  const { flags = [], everywhere = false } = options;
  const node = [process.execPath, ...flags, fileURLToPath(new URL(script, import.meta.url)), kind];
  const [command = "", ...args] = process.platform === "linux" && !everywhere ? ["taskset", "-c", "0", ...node] : node;
  const child = spawn(command, args, {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    env: { ...process.env, NODE_ENV: "production" },
  });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return { name: kind, child, port: Number(line.toString()) };
}

/** Leaves the first core to the servers, where there is another. */
export function stayOnSecondCore(): void {
  if (process.platform === "linux" && availableParallelism() > 1)
    spawnSync("taskset", ["-a", "-c", "-p", "1", String(process.pid)]);
}

export async function ask({ child }: Contender): Promise<Told> {
  child.send("tell");
  const [told] = (await once(child, "message")) as [Told];
  return told;
}

export async function stop({ child }: Contender): Promise<void> {
  const gone = once(child, "exit");
  child.kill();
  await gone;
}

/** Microseconds of CPU that a process has used; NaN where the system does not tell. */
export function cpu({ child }: Contender): number {
  try {
    const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  } catch {
    return Number.NaN;
  }
}

export const say = (text: string) => void process.stdout.write(`${text}\n`);

export const quantile = (values: readonly number[], part: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;
export const median = (values: readonly number[]) => quantile(values, 0.5);
/** The median of the ratios of two figures that were taken in turns. */
export const ratios = (values: readonly number[], base: readonly number[]) =>
  median(values.map((value, i) => value / (base[i] ?? Number.NaN)));

/** Says a figure beside what was wanted of it. */
export function verdict(what: string, figure: number, sign: "<=" | ">=", wanted: number): void {
  const reached = sign === "<=" ? figure <= wanted : figure >= wanted;
  say(`${what}: ${figure.toFixed(2)}, wanted ${sign} ${wanted.toFixed(2)}: ${reached ? "reached" : "not reached"}`);
}
