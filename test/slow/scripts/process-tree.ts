/** A command as a tree of real processes, as npm, a service manager or an older Node.js starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

export interface Tree {
  /** The process that was started: npm, the launcher or the command itself. The leader of a group of its own. */
  readonly first: ChildProcess & { readonly pid: number };
  /** Resolves once the output has a line that matches; rejects with all output where the tree ends before. */
  saw(line: RegExp): Promise<void>;
  /** Resolves when every process that has the output open has ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
}

/** Ways to start a command; each returns the program and its arguments. */
export const STARTS = {
  node: (name: string) => [process.execPath, "scripts/run.mjs", name],
  npm: (name: string) => {
    const { npm_execpath: npm } = process.env; // which npm runs these tests
    return [...(npm === undefined ? ["npm"] : [process.execPath, npm]), "run", name];
  },
  /** This Node.js takes itself for too old, and hands over to the one that the packages brought. */
  "an older Node.js": (name: string, folder: string) => {
    const old = join(folder, "old.mjs");
    writeFileSync(
      old,
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } });\n',
    );
    return [process.execPath, "--import", pathToFileURL(old).href, "scripts/run.mjs", name];
  },
} as const;

export function startTree([program = "", ...args]: readonly string[], env: Readonly<Record<string, string>>): Tree {
  const child = spawn(program, args, {
    cwd: ROOT,
    detached: true,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const seers = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const see of seers) see();
    });
  }
  const ended = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, output }));
  });
  if (child.pid === undefined) throw new Error(`${program} cannot be started`);
  return {
    first: child as ChildProcess & { readonly pid: number },
    ended,
    saw: (line) =>
      new Promise((resolve, reject) => {
        const see = () => line.test(output) && resolve();
        seers.add(see);
        see();
        void ended.then(() => reject(new Error(output)), reject);
      }),
  };
}

/** The children of a process (proc(5), /proc/PID/task/PID/children). */
export function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}
