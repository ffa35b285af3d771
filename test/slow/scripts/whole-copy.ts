/** A copy of the whole project, with its tests and pages, whose commands are run as a developer runs them. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { choosePorts } from "../../../scripts/local-site/ports.ts";

const LEFT_OUT = /^(?:\.git|\.data.*|coverage|local|node_modules)$/;

interface Finished {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface WholeCopy {
  readonly root: string;
  /** Runs a line of a shell, without what the Jest around it has put into the environment. */
  run(line: string): Promise<Finished>;
  /** The same; any other status than 0 is an error with all that was written. */
  succeed(line: string): Promise<Finished>;
  remove(): void;
}

export function copyWholeProject(): WholeCopy {
  const folder = mkdtempSync(join(tmpdir(), "causeway-copy-"));
  const root = join(folder, "project");
  mkdirSync(root);
  for (const name of readdirSync(".")) if (!LEFT_OUT.test(name)) cpSync(name, join(root, name), { recursive: true });
  symlinkSync(join(process.cwd(), "node_modules"), join(root, "node_modules"));
  const { JEST_WORKER_ID: _, NODE_OPTIONS: __, ...env } = process.env;
  const run = (line: string): Promise<Finished> =>
    new Promise((resolve) => {
      execFile("sh", ["-c", line], { cwd: root, env, maxBuffer: 64 * 1024 * 1024 }, (error, out, err) =>
        resolve({ status: error ? Number(error.code ?? 1) : 0, out, err }),
      );
    });
  return {
    root,
    run,
    async succeed(line) {
      const finished = await run(line);
      const { status, out, err } = finished;
      if (status !== 0) throw new Error(`${line} ended with ${status}: ${out}${err}`);
      return finished;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

/**
 * Removes a feature as the README says: deletes the paths that `command` lists, and takes it out of the lines that are
 * printed after them. Returns the files of these lines.
 */
export async function removeFeature(copy: WholeCopy, feature: string): Promise<readonly string[]> {
  const readme = readFileSync("README.md", "utf8");
  const [command = ""] = /^npm run -s new -- --list chat \| .*$/m.exec(readme) ?? [];
  const { err } = await copy.succeed(command.replace("chat", feature));
  const lines = [...err.matchAll(/^ +(\S+):(\d+)$/gm)].map(([, path = "", line]) => ({ path, line: Number(line) }));
  const byFile = Map.groupBy(lines, ({ path }) => path);
  for (const [path, own] of byFile) {
    const file = join(copy.root, path);
    const numbers = new Set(own.map(({ line }) => line));
    const left = readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, index) => (numbers.has(index + 1) ? withoutElement(line, feature) : [line]));
    writeFileSync(file, left.join("\n"));
  }
  return [...byFile.keys()];
}

/** A line is given up as a whole, unless it is a whole list: then the element that is named after the feature is. */
function withoutElement(line: string, feature: string): readonly string[] {
  if (!line.includes(" = [")) return [];
  const name = feature.replaceAll(/-(\w)/g, (_, first: string) => first.toUpperCase());
  return [line.replace(new RegExp(`\\b${name}\\w*(?:, )?`), "")];
}

export interface StartedSite {
  /** What the edge responds with. */
  ask(method: string, path: string): Promise<{ readonly status: number; readonly body: string }>;
  stop(): Promise<void>;
}

const UP = /Causeway is up .* The page: http:\/\/(?<hostname>[^:]+):(?<port>\d+)/;

/** `npm start` of a copy, on free ports. The connector is our own, since there is no PATH. */
export async function startSite({ root }: WholeCopy, env: NodeJS.ProcessEnv = {}): Promise<StartedSite> {
  const dataDir = join(root, ".data");
  mkdirSync(dataDir, { recursive: true });
  await choosePorts(dataDir, { edge: 0, gateway: 0, api: 0, tunnel: 0, reload: 0, console: 0 });
  const child = spawn(process.execPath, ["scripts/run.mjs", "start"], {
    cwd: root,
    env: { ...env, DATA_DIR: dataDir, DRAIN_SECONDS: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { hostname = "", port } = await addressOf(child);
  return {
    ask: (method, path) =>
      new Promise((resolve, reject) => {
        const options = { host: "127.0.0.1", port, method, path, headers: { host: `${hostname}:${port}` } };
        const sent = request(options, (response) => {
          response.once("error", reject);
          text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
        });
        sent.once("error", reject).end();
      }),
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Where the site is. @throws Error with all that it wrote where it ends before it is up */
function addressOf(child: ChildProcess): Promise<Readonly<Record<string, string>>> {
  let said = "";
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (written: string) => {
        said += written;
        const found = UP.exec(said)?.groups;
        if (found) resolve(found);
      });
    }
    child.once("exit", (code) => reject(new Error(`npm start ended with ${code}: ${said}`)));
  });
}
