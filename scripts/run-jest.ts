import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

/** Runs Jest in a process of its own, with ES modules on, and answers its exit code. */
export function runJest(args: readonly string[], env: NodeJS.ProcessEnv = process.env): number {
  const jest = createRequire(import.meta.url).resolve("jest/bin/jest");
  const flags = ["--experimental-vm-modules", "--disable-warning=ExperimentalWarning"];
  const { status } = spawnSync(process.execPath, [...flags, jest, ...args], { stdio: "inherit", env });
  return status ?? 1;
}
