import { readdir, readFile } from "node:fs/promises";

/** The systemd unit or container that a process runs in. */
export interface ProcessSupervisor {
  /** `causeway-connector.service`, or the first 12 characters of a container's id. */
  readonly name: string;
  /** The command that restarts it. */
  readonly restart: string;
}

/** A cloudflared on this machine that `npm run connector` did not start. */
export interface UnregisteredConnector {
  readonly pid: number;
  readonly service?: ProcessSupervisor;
}

/**
 * The unit or container that a process runs in, read from its control group (cgroups(7), systemd.unit(5)). Undefined
 * for a process that was started in a terminal, for one that has ended, and where the system has no /proc.
 */
export async function serviceOf(pid: number, proc = "/proc"): Promise<ProcessSupervisor | undefined> {
  const text = await readFile(`${proc}/${pid}/cgroup`, "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const service = supervisorIn(line.split(":").slice(2).join(":"));
    if (service) return service;
  }
  return undefined;
}

/** Names of units that need no quotes in a command. */
const UNIT = /^[A-Za-z0-9:_.@-]+\.service$/;

function supervisorIn(path: string): ProcessSupervisor | undefined {
  const container = /(?:docker[-/]|libpod-|cri-containerd-)([0-9a-f]{64})/.exec(path)?.[1]?.slice(0, 12);
  if (container && path.includes("kubepods")) {
    return { name: container, restart: "kubectl rollout restart deployment/causeway-connector" };
  }
  if (container) return { name: container, restart: `docker restart ${container}` };
  const names = path.split("/");
  const unit = names.findLast((name) => UNIT.test(name));
  // The user's own service manager is a service itself, and every process of a terminal runs in a scope.
  if (unit === undefined || unit.startsWith("user@") || names.at(-1)?.endsWith(".scope")) return undefined;
  const isUserUnit = names.some((name) => name.startsWith("user@"));
  return { name: unit, restart: `systemctl ${isUserUnit ? "--user " : ""}restart ${unit}` };
}

/**
 * Every process on this machine whose program is cloudflared, without those given and their children. Empty where the
 * system has no /proc. Which tunnel such a process serves is in its secrets only.
 */
export async function otherCloudflareds(known: ReadonlySet<number>, proc = "/proc"): Promise<UnregisteredConnector[]> {
  const names = await readdir(proc).catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      if (known.has(pid)) return undefined;
      const program = (await readFile(`${proc}/${pid}/comm`, "utf8").catch(() => "")).trim();
      if (program !== "cloudflared") return undefined;
      const status = await readFile(`${proc}/${pid}/status`, "utf8").catch(() => "");
      if (known.has(Number(/^PPid:\s*(\d+)$/m.exec(status)?.[1]))) return undefined;
      const service = await serviceOf(pid, proc);
      return { pid, ...(service && { service }) };
    }),
  );
  return found.filter((connector) => connector !== undefined);
}
