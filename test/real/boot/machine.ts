/**
 * A machine that boots: systemd as process 1 of namespaces of its own, with the programs of this machine, and /etc,
 * /opt and /var that are its own and outlast a boot. It is in the network of the test.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { killAtExit } from "../../kill-at-exit.ts";
import { childrenOf } from "../../slow/scripts/process-tree.ts";
import { within } from "../../within.ts";

/** What the script below mounts: folders of the machine's own, and those with changes over those of this machine. */
const OWN = ["opt", "var/lib", "var/log", "var/tmp", "var/cache"];
const CHANGED = ["etc", "usr/bin"];

/** Runs the rest of a script with the folder of all control groups mounted, and the machine's own among them. */
const WITH_GROUP = `
set -eu
folder=$1
group=$folder/groups/$(basename "$folder")
mount --make-rprivate /
mount -t cgroup2 cgroup2 "$folder/groups"
`;

/** Moves this process into the machine's control group, so that systemd finds no other process beside its own. */
const POWER_ON = `${WITH_GROUP}
mkdir -p "$group"
echo 0 > "$group/cgroup.procs"
umount "$folder/groups"
exec unshare --pid --fork --kill-child --cgroup sh -c "$2" sh "$folder"
`;

const REMOVE_GROUP = `${WITH_GROUP}
find "$group" -depth -type d -exec rmdir {} +
`;

const BOOT = `
set -eu
folder=$1
mount --make-rprivate /
mount --rbind / "$folder/root"
cd "$folder/root"
for each in ${CHANGED.map((path) => path.replace("/", "-")).join(" ")}; do
  path=$(echo "$each" | tr - /)
  mount -t overlay overlay -o "lowerdir=/$path,upperdir=$folder/$each,workdir=$folder/$each.work" "$path"
done
mount --bind "$folder/own/opt" opt
mount --bind "$folder/own/var" var
mount --bind "$folder/units" etc/systemd/system
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t cgroup2 cgroup2 sys/fs/cgroup
mkdir run/before
pivot_root . run/before
umount -l run/before
mount --make-rshared /
cd /
exec env -i container=test SYSTEMD_UNIT_PATH=/etc/systemd/system PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --system --unit=multi-user.target --log-target=null
`;

/** The few units of systemd itself that a boot needs. What else this machine starts is not started. */
const TARGETS: Readonly<Record<string, string>> = {
  "sysinit.target": "",
  "basic.target": "Requires=sysinit.target\nAfter=sysinit.target",
  "network-online.target": "",
  "multi-user.target": "Requires=basic.target\nAfter=basic.target",
  "shutdown.target": "DefaultDependencies=no",
};

export interface Machine {
  boot(): Promise<void>;
  /** Runs a shell script as root in it, and resolves with its output. */
  run(script: string): Promise<string>;
  /** Writes a file in it, and makes the folder. */
  write(path: string, content: string): Promise<void>;
  /** Cuts the power: all its processes are killed at once. */
  cutPower(): Promise<void>;
  remove(): Promise<void>;
}

/** A machine that has not booted yet, with a bundle in /opt/causeway and cloudflared. */
export function createMachine(bundle: string, cloudflared: string): Machine {
  const folder = mkdtempSync(join(tmpdir(), "causeway-machine-"));
  const own = (path: string) => join(folder, "own", path);
  for (const path of ["root", "units", "groups", ...CHANGED.flatMap((each) => [nameOf(each), `${nameOf(each)}.work`])])
    mkdirSync(join(folder, path));
  for (const path of OWN) mkdirSync(own(path), { recursive: true });
  cpSync(bundle, own("opt/causeway"), { recursive: true });
  copyFileSync(cloudflared, join(folder, "usr-bin/cloudflared"));
  chmodSync(join(folder, "usr-bin/cloudflared"), 0o755);
  for (const [name, text] of Object.entries(TARGETS)) writeFileSync(join(folder, "units", name), `[Unit]\n${text}\n`);
  let power: { readonly systemd: number; readonly off: Promise<unknown> } | undefined;

  const logs = () =>
    ["backend", "connector"].map((name) => {
      try {
        return readFileSync(own(`var/log/causeway-${name}.log`), "utf8")
          .split("\n")
          .slice(-20)
          .join("\n");
      } catch {
        return `the ${name} has no log`;
      }
    });

  async function run(script: string): Promise<string> {
    const args = [`--target=${power?.systemd}`, "--all", "--wd=/", "sh", "-euc", script];
    const { stdout } = await promisify(execFile)("nsenter", args, { timeout: 120_000 });
    return stdout;
  }

  async function write(path: string, content: string): Promise<void> {
    const encoded = Buffer.from(content).toString("base64");
    await run(`mkdir -p "$(dirname ${path})" && echo ${encoded} | base64 -d > ${path}`);
  }

  async function cutPower(): Promise<void> {
    if (power === undefined) return;
    process.kill(power.systemd, "SIGKILL");
    await within("the machine to be off", power.off);
    power = undefined;
  }

  return {
    run,
    write,
    cutPower,
    async boot() {
      const args = ["--mount", "--uts", "--ipc", "sh", "-c", POWER_ON, "sh", folder, BOOT];
      const child = spawn("unshare", args, { stdio: ["ignore", "ignore", "pipe"] });
      killAtExit(child);
      let problem = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        problem += text;
      });
      const off = once(child, "exit");
      const state = () => [problem, ...logs()].join("\n");
      const up = async () => {
        for (;;) {
          if (child.exitCode !== null || child.signalCode !== null) throw new Error(`It did not boot. ${state()}`);
          const systemd = childrenOf(child.pid ?? Number.NaN).find(isSystemd);
          power = systemd === undefined ? undefined : { systemd, off };
          if (power && (await run("systemctl is-active multi-user.target").catch(() => ""))) return;
          await delay(100);
        }
      };
      await within("the machine to boot", up(), state, 120_000);
    },
    async remove() {
      await cutPower();
      await promisify(execFile)("unshare", ["--mount", "sh", "-c", REMOVE_GROUP, "sh", folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

const nameOf = (path: string) => path.replace("/", "-");

/** Not a program that the scripts run before: it would be outside of the machine. */
function isSystemd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8") === "systemd\n";
  } catch {
    return false;
  }
}
