import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { CommandError, command, type ExitCode, givenOptions, runCommand } from "./command-line/index.ts";
import { assertRunBy, PASSED_TO_JEST, runJest, TEST_ARGUMENTS, TEST_OPTIONS } from "./programs/jest.ts";
import { onPath } from "./programs/on-path.ts";
import { postgresFolder } from "./programs/postgres.ts";

/** Finds a program or data that the tests of a folder need, and sets its variable; returns what is missing. */
type Need = (env: NodeJS.ProcessEnv) => string | undefined;

const program =
  (variable: string, names: readonly string[], what: string): Need =>
  (env) => {
    const found = env[variable] ?? onPath(names, env.PATH);
    if (!found) return `no ${names.join(" or ")} on PATH and ${variable} is not set (${what})`;
    env[variable] = found;
    return undefined;
  };

const postgres: Need = (env) => {
  const folder = postgresFolder(env);
  if (!folder) return "no PostgreSQL server found and POSTGRES_BIN (a folder with initdb) is not set";
  env.POSTGRES_BIN = folder;
  return undefined;
};

const nats = program("NATS_SERVER_BIN", ["nats-server"], "https://nats.io");

const cloudflared = program("CLOUDFLARED_BIN", ["cloudflared"], "https://github.com/cloudflare/cloudflared");

/** Mounts what test/real/boot/machine.ts mounts. */
const MOUNT_AS_MACHINE = `
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
mkdir upper work merged
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$PWD/upper,workdir=$PWD/work" merged
umount merged
mount -t cgroup2 cgroup2 /sys/fs/cgroup`;

/** What test/real/access/vendor.ts does: another hosts file in a mount namespace, and a server at port 443. */
const SERVE_AS_VENDOR = `
const { execFileSync } = require("node:child_process");
execFileSync("unshare", ["--mount", "mount", "--bind", "/dev/null", "/etc/hosts"], { stdio: "ignore" });
require("node:net").createServer().listen(443, "127.4.4.3", () => process.exit());`;

const access: Need = (env) => {
  try {
    execFileSync(process.execPath, ["-e", SERVE_AS_VENDOR], { stdio: "ignore" });
  } catch {
    return "this user may not mount a hosts file in a namespace and serve 127.4.4.3:443 (root on Linux may)";
  }
  return cloudflared(env);
};

const pulumi: Need = (env) => {
  const missing = program("PULUMI_BIN", ["pulumi"], "https://www.pulumi.com/docs/install")(env);
  if (missing) return missing;
  return onPath(["pulumi-language-nodejs"], env.PATH)
    ? undefined
    : "no pulumi-language-nodejs on PATH (it comes with Pulumi's own install)";
};

const NEEDS: Readonly<Record<string, Need>> = {
  access,
  actionlint: program("ACTIONLINT_BIN", ["actionlint"], "https://github.com/rhysd/actionlint"),
  boot: (env) => {
    if (!existsSync("/lib/systemd/systemd")) return "no /lib/systemd/systemd (the Debian package systemd)";
    try {
      const namespaces = ["--pid", "--fork", "--mount", "--cgroup"];
      execFileSync("unshare", [...namespaces, "sh", "-euc", MOUNT_AS_MACHINE], { stdio: "ignore" });
    } catch {
      return "this user may not mount overlays and control groups in namespaces (root on Linux may)";
    }
    return cloudflared(env);
  },
  bench: () => undefined, // contenders that are not found are left out
  // the commands of the README are run unchanged
  curl: (env) => (onPath(["curl"], env.PATH) ? undefined : "no curl on PATH"),
  chromium: program("CHROMIUM_BIN", ["chromium", "chromium-browser", "google-chrome"], "a Chromium for headless pages"),
  cloudflared,
  disk: () => {
    if (!onPath(["cc"], process.env.PATH)) return "no cc on PATH (a C compiler, with the C library's headers)";
    try {
      execFileSync("unshare", ["-m", "sh", "-c", "mount -t tmpfs none /mnt"], { stdio: "ignore" });
      return undefined;
    } catch {
      return "this user may not mount a small file system in a namespace of its own (root on Linux may)";
    }
  },
  nats: (env) => nats(env) ?? postgres(env),
  postgres,
  compose: program("DOCKER_COMPOSE_BIN", ["docker-compose"], "the Debian package docker-compose"),
  // the operator's commands, and cloudflared that checks Access
  operator: (env) => access(env) ?? pulumi(env),
  pulumi,
  reference: (env) =>
    env.CAUSEWAY_REFERENCE
      ? undefined
      : "CAUSEWAY_REFERENCE does not name the folder with Cloudflare's schema and the conformance vectors",
  systemd: program("SYSTEMD_ANALYZE_BIN", ["systemd-analyze"], "the Debian package systemd"),
  workerd: () => {
    try {
      execFileSync("workerd", ["--version"], { stdio: "ignore" });
      return undefined;
    } catch {
      return "workerd, which comes with wrangler, does not run on this machine";
    }
  },
};

const ROOT = "test/real";

/**
 * Milliseconds for one test. It ends a test that hangs and never a slow one: on a busy machine no test needs a quarter
 * of it. Tests set no shorter timeout of their own; a step that can hang is limited by test/within.ts.
 */
const TEST_TIMEOUT = "--testTimeout=300000";

await runCommand(
  command({
    name: "test:real",
    summary: "Runs the tests that need a tool or data that npm does not bring. Lists what is missing and why.",
    arguments: TEST_ARGUMENTS,
    options: TEST_OPTIONS,
    passThrough: PASSED_TO_JEST,
    environment: {
      ACTIONLINT_BIN: "actionlint (the one on PATH)",
      CHROMIUM_BIN: "a Chromium (the one on PATH)",
      CLOUDFLARED_BIN: "cloudflared (the one on PATH)",
      DOCKER_COMPOSE_BIN: "docker-compose (the one on PATH)",
      NATS_SERVER_BIN: "nats-server (the one on PATH)",
      PULUMI_BIN: "the Pulumi CLI (the one on PATH)",
      POSTGRES_BIN: "a folder with PostgreSQL's programs",
      SYSTEMD_ANALYZE_BIN: "systemd-analyze (the one on PATH)",
      CAUSEWAY_REFERENCE: "a folder with Cloudflare's schema and conformance vectors",
    },
    failure: "a test failed, or there is no such test",
    examples: ["", "test/real/cloudflared -t grace"],
    run({ args, options, passThrough }) {
      assertRunBy("test:real", args.path);
      return runFolders([...args.path, ...givenOptions(TEST_OPTIONS, options), ...passThrough]);
    },
  }),
);

/** Runs the folders whose needs are met. A folder is never left out silently. */
async function runFolders(args: readonly string[]): Promise<ExitCode> {
  const env = { ...process.env };
  const runnable: string[] = [];
  const missing: string[] = [];
  for (const { name } of readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const need = NEEDS[name];
    if (!need) throw new CommandError(`scripts/test-real.ts does not say what ${ROOT}/${name} needs: add it to NEEDS.`);
    const reason = need(env);
    if (reason) missing.push(`not run: ${ROOT}/${name}: ${reason}`);
    else runnable.push(`<rootDir>/${ROOT}/${name}/**/*.test.ts`);
  }
  const always = ["--testPathIgnorePatterns", "/node_modules/", "--testMatch", ...runnable, "--runInBand"];
  const code = runnable.length === 0 ? 0 : await runJest([...always, TEST_TIMEOUT, ...args], env);
  for (const line of missing) console.log(line);
  return code;
}
