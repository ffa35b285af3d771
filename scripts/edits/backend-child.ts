import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CommandError } from "../command-line/index.ts";
import type { BackendOrder, BackendReport, StartedBackend } from "./backend-messages.ts";

/** How the process of a backend is started. */
export interface ChildOptions {
  /** Its environment. It listens at a free port, whatever PORT is. */
  readonly env: NodeJS.ProcessEnv;
  /** Where pages hear of another version. */
  readonly pageVersionsUrl: string;
  /** Port of its debugger at 127.0.0.1; undefined for none. */
  readonly inspectPort: number | undefined;
  /** Gets each line of its log, with the line feed. */
  log(line: string): void;
  /** Gets each other line of its output, as of `console.log`. */
  output(line: string): void;
}

/** Milliseconds within which a program is loaded, started or stopped, before its process is ended. */
const STEP_TIMEOUT_MS = 60_000;
/** Characters of a line of output that has no end yet. */
const MAX_LINE = 1_000_000;
const LOG_LINE = '{"level":"';

/**
 * A process with one version of the backend's program in its memory. It can be started and stopped several times, so
 * that this version can go on when the next one does not start. Each method rejects with a CommandError that has what
 * the process reported.
 */
export class BackendChild {
  /** Resolves when the running backend has to end, with the reason. */
  readonly failed: Promise<string>;
  /** Resolves when the process has ended, with its exit code or signal. */
  readonly ended: Promise<string>;
  readonly #process: ChildProcess;
  #pageVersion: string;
  #hasEnded = false;

  private constructor(process: ChildProcess, pageVersion: string) {
    this.#process = process;
    this.#pageVersion = pageVersion;
    this.ended = once(process, "exit").then(([code, signal]) => {
      this.#hasEnded = true;
      return String(code ?? signal);
    });
    this.failed = new Promise((resolve) => {
      process.on("message", (report: BackendReport) => report.kind === "failed" && resolve(report.message));
    });
  }

  /** Starts a process, which loads the program as it is on the disk now. */
  static async load({ env, pageVersionsUrl, inspectPort, log, output }: ChildOptions): Promise<BackendChild> {
    const child = fork(fileURLToPath(new URL("backend-process.ts", import.meta.url)), [], {
      env: {
        ...env,
        PORT: "0",
        CAUSEWAY_PAGE_VERSIONS: pageVersionsUrl,
        ...(inspectPort !== undefined && { CAUSEWAY_INSPECT_PORT: String(inspectPort) }),
      },
      execArgv: [],
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    splitLines(child, (line) => (line.startsWith(LOG_LINE) ? log(`${line}\n`) : output(line)));
    const { pageVersion } = await reportOf(child, "loaded");
    return new BackendChild(child, pageVersion);
  }

  /** The version of its page. */
  get pageVersion(): string {
    return this.#pageVersion;
  }

  /** Whether the process runs. */
  get isAlive(): boolean {
    return !this.#hasEnded;
  }

  /** Starts the backend that is loaded. */
  async start(): Promise<StartedBackend> {
    return this.#order("start", "started");
  }

  /** Builds the page as it is on the disk, and serves it. The backend goes on. */
  async buildPage(): Promise<void> {
    const { pageVersion } = await this.#order("build page", "page built");
    this.#pageVersion = pageVersion;
  }

  /** Stops the backend in order. The process stays. */
  async stop(): Promise<void> {
    await this.#order("stop", "stopped");
  }

  /** Stops the backend where it runs, and ends the process. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#send("end");
    if ((await Promise.race([this.ended, delay(STEP_TIMEOUT_MS, undefined, { ref: false })])) === undefined) {
      this.#process.kill("SIGKILL");
      await this.ended;
    }
  }

  #order<K extends "started" | "page built" | "stopped">(order: BackendOrder["order"], expected: K) {
    if (this.#hasEnded) throw new CommandError("its process has ended.");
    const report = reportOf(this.#process, expected);
    this.#send(order);
    return report;
  }

  #send(order: BackendOrder["order"]): void {
    // a process that ends just now is noticed by its exit
    this.#process.send({ order } satisfies BackendOrder, () => {});
  }
}

/**
 * The next report of a kind. Rejects with a CommandError where the process reports a problem instead, ends, or takes
 * too long: then it is ended.
 */
function reportOf<K extends BackendReport["kind"]>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<BackendReport, { readonly kind: K }>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      fail(`it took more than ${STEP_TIMEOUT_MS / 1000} s.`);
      child.kill("SIGKILL");
    }, STEP_TIMEOUT_MS);
    const settle = () => {
      clearTimeout(timer);
      child.off("message", onMessage).off("exit", onExit).off("error", onError);
    };
    const fail = (message: string) => {
      settle();
      reject(new CommandError(message));
    };
    const onMessage = (report: BackendReport) => {
      if (report.kind === "problem") fail(report.message);
      else if (report.kind === kind) {
        settle();
        resolve(report as Extract<BackendReport, { readonly kind: K }>);
      }
    };
    const onExit = (code: number | null, signal: string | null) => fail(`its process ended (${code ?? signal}).`);
    const onError = (error: Error) => fail(error.message);
    child.on("message", onMessage).on("exit", onExit).on("error", onError);
  });
}

/** Calls `take` with each line of the output, without its line feed. */
function splitLines(child: ChildProcess, take: (line: string) => void): void {
  let rest = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
    if (rest.length <= MAX_LINE) return;
    take(rest);
    rest = "";
  });
}
