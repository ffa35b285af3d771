/** A bundle as it is on a server: in a folder without node_modules in it or above. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { within } from "../../within.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd = ROOT,
): Promise<Ended> {
  return new Promise((done) => {
    execFile(program, args, { env, cwd, timeout: 120_000 }, (error, out, err) => {
      done({ code: error ? Number(error.code ?? -1) : 0, out, err });
    });
  });
}

/** `npm run bundle` with these arguments. */
export const runBundle = (...args: string[]): Promise<Ended> =>
  run(process.execPath, [join(ROOT, "scripts/run.mjs"), "bundle", ...args]);

/** A bundle in a folder of its own. */
export interface ServerBundle {
  readonly folder: string;
  /** What is beside the bundle, and goes with it: data, tokens. */
  readonly around: string;
  remove(): void;
}

/** Makes a bundle and moves it elsewhere, so that it cannot depend on where it was made. */
export async function makeBundle(...options: string[]): Promise<ServerBundle> {
  const made = join(mkdtempSync(join(tmpdir(), "causeway-made-")), "bundle");
  const { code, out, err } = await runBundle("--into", made, ...options);
  if (code !== 0) throw new Error(`npm run bundle ended with ${code}: ${out}${err}`);
  const around = mkdtempSync(join(tmpdir(), "causeway-server-"));
  const folder = join(around, "causeway");
  renameSync(made, folder);
  rmSync(dirname(made), { recursive: true });
  for (let above = folder; above !== dirname(above); above = dirname(above)) {
    if (existsSync(join(above, "node_modules"))) throw new Error(`${above} has node_modules: this proves nothing`);
  }
  return { folder, around, remove: () => rmSync(around, { recursive: true }) };
}

/** The environment of a command of a bundle: this Node.js is on PATH, and nothing is inherited. */
export const serverEnv = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: [dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
  ...more,
});

/** A command of a bundle that runs until a signal. */
export interface RunningCommand {
  readonly pid: number;
  /** Resolves with the part of the output that the expression's first group has. */
  saw(line: RegExp): Promise<string>;
  /** Sends a signal, and resolves with code and output when it has ended. */
  end(signal: NodeJS.Signals): Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Starts a command and does not wait. */
export function startCommand(program: string, args: readonly string[], env: NodeJS.ProcessEnv): RunningCommand {
  const child = execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 });
  let output = "";
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (text: string) => {
      output += text;
      for (const listener of listeners) listener();
    });
  }
  const closed = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
  const state = () => `Its output: ${output}`;
  return {
    pid: child.pid ?? Number.NaN,
    saw(line) {
      const { promise, resolve: found, reject } = Promise.withResolvers<string>();
      const look = () => {
        const part = line.exec(output)?.[1];
        if (part !== undefined) found(part);
      };
      listeners.add(look);
      look();
      void closed.then(() => reject(new Error(`It ended. ${state()}`)));
      return within(`${line} of ${args.join(" ")}`, promise, state);
    },
    end(signal) {
      child.kill(signal);
      return within(`${args.join(" ")} to end after ${signal}`, closed, state);
    },
  };
}

/** Starts the backend of a bundle on a free port, and resolves with its URL when it serves. */
export async function startBundledBackend(
  { folder, around }: ServerBundle,
  more: Readonly<Record<string, string>> = {},
): Promise<RunningCommand & { readonly url: string }> {
  const env = serverEnv({ PORT: "0", DATA_DIR: join(around, "data"), DRAIN_SECONDS: "1", ...more });
  const running = startCommand(join(folder, "causeway"), ["backend"], env);
  return { ...running, url: await running.saw(BACKEND_STARTED) };
}

/** The line of the log that has the backend's URL. */
export const BACKEND_STARTED = /"url":"(http:[^"]+)".*"msg":"backend started"/;
