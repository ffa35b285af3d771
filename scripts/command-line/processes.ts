/**
 * Other processes of this machine. Parents, children and arguments are read from /proc (proc(5)): without it, as on
 * other systems, there are none.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Whether a process with this id runs, also one of another user. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** The parent of another process; undefined where it has ended. */
export function parentOf(pid: number): number | undefined {
  const stat = readProc(pid, "stat"); // pid (name) state parent ...; the name may hold anything
  const parent = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
  return parent === undefined ? undefined : Number(parent);
}

/** The arguments of another process, divided by spaces; undefined where it has ended. */
export function commandLineOf(pid: number): string | undefined {
  return readProc(pid, "cmdline")?.replaceAll("\0", " ");
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return undefined;
  }
}

/** A process, its children, their children and so on. */
export function treeOf(pid: number): readonly number[] {
  return [
    pid,
    ...threadsOf(pid)
      .flatMap((thread) => childrenOf(pid, thread))
      .flatMap(treeOf),
  ];
}

function childrenOf(pid: number, thread: string): readonly number[] {
  const children = readProc(pid, `task/${thread}/children`) ?? "";
  return children.split(" ").filter(Boolean).map(Number);
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Signals a process and all processes below it. Processes that have ended meanwhile are ignored. */
export function signalTree(pid: number, signal: NodeJS.Signals): void {
  for (const each of treeOf(pid)) {
    try {
      process.kill(each, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
