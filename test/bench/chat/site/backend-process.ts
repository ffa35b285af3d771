import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../../../scripts/local-site/free-port.ts";
import { killAtExit } from "../../../kill-at-exit.ts";

const SCRIPT = fileURLToPath(new URL("../../../../scripts/backend.ts", import.meta.url));
/** Milliseconds that a node has to start, and to end after SIGTERM; it is killed then. */
const PATIENCE_MS = 60_000;

export interface BackendProcessOptions {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  /** Ports that other nodes will listen on. */
  readonly taken: ReadonlySet<number>;
  /** Gets the lines of its log. */
  readonly logFile?: string | undefined;
}

/** A node as it is deployed: `npm run backend` in a process of its own, at one port for all its lives. */
export class BackendProcess {
  readonly name: string;
  readonly port: number;
  /** Warnings and errors of its log, by message; of all its lives. */
  readonly complaints = new Map<string, number>();
  readonly #env: NodeJS.ProcessEnv;
  readonly #logFile: string | undefined;
  #child: ChildProcess | undefined;

  private constructor({ name, env, logFile }: BackendProcessOptions, port: number) {
    this.name = name;
    this.port = port;
    this.#logFile = logFile;
    this.#env = { ...process.env, NODE_ENV: "production", ...env, PORT: String(port), LOG_SAMPLE: "0" };
  }

  static async create(options: BackendProcessOptions): Promise<BackendProcess> {
    return new BackendProcess(options, await freePort(21_000 + Math.floor(Math.random() * 4_000), options.taken));
  }

  /** Process id of its present life; undefined while it does not run. */
  get pid(): number | undefined {
    const { exitCode, signalCode, pid } = this.#child ?? {};
    return exitCode === null && signalCode === null ? pid : undefined;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [SCRIPT], { env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
    killAtExit(child);
    this.#child = child;
    let problem = "";
    child.stderr.on("data", (chunk: Buffer) => {
      problem = `${problem}${chunk}`.slice(-2_000);
    });
    const lines = createInterface({ input: child.stdout });
    await new Promise<void>((resolve, reject) => {
      const slow = setTimeout(() => reject(new Error(`${this.name} has not started in time: ${problem}`)), PATIENCE_MS);
      child.once("exit", (code, signal) => {
        clearTimeout(slow);
        reject(new Error(`${this.name} ended with ${code ?? signal}: ${problem}`));
      });
      lines.on("line", (line) => {
        if (!this.#read(line)) return;
        clearTimeout(slow);
        resolve();
      });
    });
  }

  /** Ends it as a service manager does: SIGTERM, and SIGKILL when it takes too long. Resolves with milliseconds. */
  async stop(): Promise<number> {
    const started = performance.now();
    await this.#end("SIGTERM");
    return performance.now() - started;
  }

  /** `kill -9`. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Microseconds of CPU of its present life: of all its threads, as the scheduler counts (proc(5), schedstat). */
  cpu(): number {
    const folder = `/proc/${this.pid}/task`;
    try {
      const ran = (thread: string) => Number(readFileSync(`${folder}/${thread}/schedstat`, "utf8").split(" ")[0]);
      return readdirSync(folder).reduce((sum, thread) => sum + ran(thread), 0) / 1000;
    } catch {
      return Number.NaN; // it does not run, or this is not Linux
    }
  }

  /** Resident megabytes (proc(5), VmRSS). */
  memory(): number {
    try {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1];
      return Number(kilobytes) / 1024;
    } catch {
      return Number.NaN;
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || this.pid === undefined) return;
    const gone = once(child, "exit");
    child.kill(signal);
    const isSlow = await Promise.race([gone.then(() => false), delay(PATIENCE_MS, true, { ref: false })]);
    if (isSlow) child.kill("SIGKILL");
    await gone;
  }

  /** Reads a line of the log; true for the one that says that the node serves. */
  #read(line: string): boolean {
    if (this.#logFile !== undefined) appendFileSync(this.#logFile, `${line}\n`);
    const { msg = line, level } = parsed(line);
    if (level === "warn" || level === "error" || level === "fatal")
      this.complaints.set(msg, (this.complaints.get(msg) ?? 0) + 1);
    return msg === "backend started";
  }
}

function parsed(line: string): { msg?: string; level?: string } {
  try {
    return JSON.parse(line) as { msg?: string; level?: string };
  } catch {
    return {};
  }
}
