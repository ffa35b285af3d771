import type { ChildProcess } from "node:child_process";

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/**
 * Kills a process when this one exits, unless it has ended before. For an end that leaves no time to stop it in order,
 * such as `process.exit`.
 */
export function killAtExit(child: ChildProcess): void {
  children.add(child);
  child.once("exit", () => children.delete(child));
}
