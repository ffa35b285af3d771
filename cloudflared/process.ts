import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { promisify } from "node:util";

/**
 * When a process started. A pid can be given to another process later, after a restart of the machine at the latest; a
 * pid together with its start identifies one process for ever. On Linux the boot and the clock ticks since then
 * (proc_pid_stat(5), field 22), elsewhere what the system prints. Undefined where there is no such process, or the
 * system does not have its start.
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === "win32") {
    return run("powershell.exe", ["-NoProfile", "-Command", `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`]);
  }
  if (process.platform !== "linux") return run("/bin/ps", ["-o", "lstart=", "-p", `${pid}`]);
  const [boot, stat] = await Promise.all([readText("/proc/sys/kernel/random/boot_id"), readText(`/proc/${pid}/stat`)]);
  // pid (name) state ...: the name may hold anything, and the state is field 3
  const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[22 - 3];
  return boot && ticks ? `${boot.trim()} ${ticks}` : undefined;
}

/** Whether the command line of a process is that of `npm run connector` or of the cloudflared that it starts. */
export async function looksLikeConnector(pid: number): Promise<boolean> {
  const [program = "", ...args] = await commandLineOf(pid);
  if (args.join(" ") === "tunnel run") return true;
  const script = /(^|[/\\])scripts[/\\](run\.mjs connector|connector\.ts)$/;
  return /^node(\.exe)?$/.test(basename(program)) && script.test(args.join(" "));
}

async function commandLineOf(pid: number): Promise<readonly string[]> {
  if (process.platform === "linux") return (await readText(`/proc/${pid}/cmdline`)).split("\0").slice(0, -1);
  if (process.platform === "win32") return [];
  return (await run("/bin/ps", ["-o", "command=", "-p", `${pid}`]))?.split(" ") ?? [];
}

function readText(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}

/** What a system program prints in English and in UTC; undefined where it fails. */
async function run(program: string, args: readonly string[]): Promise<string | undefined> {
  const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
  const { stdout } = await promisify(execFile)(program, args, { env, timeout: 10_000, windowsHide: true }).catch(
    () => ({
      stdout: "",
    }),
  );
  return stdout.trim() || undefined;
}
