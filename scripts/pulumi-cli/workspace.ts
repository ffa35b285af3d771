/**
 * A temporary folder for runs of the real Pulumi CLI. It holds the state (file backend), the plugins and the stack's
 * configuration, so that a rehearsal touches neither the operator's login nor the project's files.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathFor } from "./cli.ts";

export interface PulumiRun {
  /** 255 where the CLI was ended by a signal. */
  readonly code: number;
  /** What it wrote, both streams in the order it came. */
  readonly text: string;
}

export interface Workspace {
  readonly dir: string;
  /** Runs `pulumi ARGS` there, without colours and questions. */
  run(...args: string[]): Promise<PulumiRun>;
  /**
   * Sets a secret of the configuration. It goes through standard input: an argument could be read by every user of the
   * machine, and one that begins with a hyphen would be taken for an option.
   */
  setSecret(key: string, value: string, ...args: string[]): Promise<PulumiRun>;
  /** The environment of the next run. */
  readonly environment: NodeJS.ProcessEnv;
  /** Changes the environment of later runs; undefined takes a variable away. */
  setEnvironment(variables: Readonly<Record<string, string | undefined>>): void;
  remove(): void;
}

export interface WorkspaceOptions {
  /** The CLI's file. */
  readonly pulumi: string;
  /** The project's root: its node_modules are used. */
  readonly root: string;
  /** Files of the project's root that the program needs, linked. */
  readonly links?: readonly string[];
  /** Files to write, by path. */
  readonly files: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Milliseconds; a run that takes longer is ended. Cloudflare's provider tries a call that fails for up to 188 s. */
const RUN_TIMEOUT_MS = 300_000;

export function openWorkspace(options: WorkspaceOptions): Workspace {
  const dir = mkdtempSync(join(tmpdir(), "causeway-pulumi-"));
  const [state, home] = [join(dir, "state"), join(dir, "home")];
  for (const folder of [state, home]) mkdirSync(folder, { mode: 0o700 });
  for (const name of ["node_modules", ...(options.links ?? [])]) symlinkSync(join(options.root, name), join(dir, name));
  for (const [name, text] of Object.entries(options.files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text, { mode: 0o600 });
  }
  let environment: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: pathFor(options.pulumi, process.env),
    PULUMI_BACKEND_URL: `file://${state}`,
    PULUMI_HOME: home,
    PULUMI_CONFIG_PASSPHRASE: "rehearsal",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    NODE_OPTIONS: undefined,
    ...options.environment,
  };
  const run = (args: readonly string[], input?: string): Promise<PulumiRun> =>
    runCli(options.pulumi, [...args, "--color=never", "--non-interactive"], { cwd: dir, env: environment, input });
  return {
    dir,
    get environment() {
      return environment;
    },
    setEnvironment(variables) {
      environment = { ...environment, ...variables };
    },
    run: (...args) => run(args),
    setSecret: (key, value, ...args) => run(["config", "set", "--secret", key, ...args], value),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

interface RunPlace {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** What it reads from standard input. */
  readonly input: string | undefined;
}

function runCli(command: string, args: readonly string[], { cwd, env, input }: RunPlace): Promise<PulumiRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"], timeout: RUN_TIMEOUT_MS });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
    }
    child.stdin.once("error", () => undefined); // it ended without reading
    child.stdin.end(input);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 255, text }));
  });
}
