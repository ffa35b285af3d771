/** The Pulumi CLI for one stack of this project: shown to the operator, or read by a command. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname } from "node:path";
import { isatty } from "node:tty";
import { CommandError, endSignal } from "../command-line/index.ts";
import { getPulumi } from "./find-cli.ts";
import { type ExportedStack, parseState, resourceOfOtherStack } from "./stack-state.ts";
import { projectName, removeEmptyAttributes } from "./state-folder.ts";

/** A command that did not succeed; the message is what the CLI printed. */
export class PulumiFailed extends CommandError {
  override readonly name = "PulumiFailed";
}

interface CliOutput {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Variables added to the environment of one run of the CLI, and so of the program. */
type Variables = Readonly<Record<string, string>>;

export interface Cli {
  /**
   * Runs `pulumi ARGS --stack NAME` in the operator's terminal, questions included; returns its exit code. After a
   * signal to this command it does not run, and returns 1.
   */
  show(args: readonly string[], variables?: Variables): Promise<number>;
  /**
   * Runs it and returns what it printed. Prints on standard error that it still waits. @throws PulumiFailed where it
   * does not end in time, or this command gets a signal meanwhile
   */
  read(args: readonly string[], variables?: Variables): Promise<CliOutput>;
  /** The same without `--stack`, for commands that are not about one stack. */
  readGlobal(args: readonly string[]): Promise<CliOutput>;
  /** @throws PulumiFailed where there is no such stack, its state cannot be read, or is the state of another stack */
  state(): Promise<ExportedStack>;
}

/** Milliseconds until the first line about waiting, and between two lines. */
const PROGRESS_MS = 10_000;
/** Milliseconds that a run has whose output is read. The real provider tries a failing call for up to 188 s. */
const TIMEOUT_MS = 300_000;
/** Milliseconds that a run has to end after a signal. */
const GRACE_MS = 10_000;

/** Finds the CLI. @throws NoPulumiError where there is none that can be used */
export async function openCli(stack: string, env: NodeJS.ProcessEnv): Promise<Cli> {
  const command = await getPulumi(env);
  const start = (args: readonly string[], variables: Variables, output: "inherit" | "pipe") =>
    spawn(command, args, {
      env: { ...env, PATH: pathFor(command, env), ...variables },
      stdio: ["inherit", output, output],
    });
  const read = (args: readonly string[], variables: Variables) =>
    outputOf(start([...args, "--non-interactive"], variables, "pipe"), `pulumi ${args.slice(0, 2).join(" ")}`);
  const cli: Cli = {
    async show(args, variables = {}) {
      if (endSignal().aborted) return 1;
      return codeOf(start([...args, "--stack", stack], variables, "inherit"));
    },
    read: (args, variables = {}) => read([...args, "--stack", stack], variables),
    readGlobal: (args) => read(args, {}),
    async state() {
      let exported = await cli.read(["stack", "export"]);
      if (exported.code !== 0 && /\bEOF\b/.test(exported.errors)) {
        const removed = await removeEmptyAttributes(cli);
        if (removed.length > 0) {
          console.error(`A killed run of Pulumi left an empty file, which is removed: ${removed.join(", ")}`);
          exported = await cli.read(["stack", "export"]);
        }
      }
      if (exported.code !== 0) throw new PulumiFailed(stateFailure(stack, exported.errors.trim()));
      const state = parseState(exported.output);
      const stray = resourceOfOtherStack(state, await projectName(), stack.split("/").at(-1) ?? stack);
      if (stray !== undefined) throw new PulumiFailed(strayFailure(stack, stray.urn));
      return state;
    },
  };
  return cli;
}

/**
 * Waits for the end of a run. A signal to this command is passed on to the CLI, which then ends in order. Ctrl-C in a
 * terminal reaches it without us, and a second signal would make it leave things half done.
 */
async function codeOf(child: ChildProcess): Promise<number> {
  const ending = endSignal();
  const end = () => {
    if (ending.reason !== "SIGINT" || !isatty(0)) child.kill("SIGTERM");
  };
  // at the second signal
  const kill = () => child.kill("SIGKILL");
  ending.addEventListener("abort", end, { once: true });
  process.once("exit", kill);
  try {
    return await new Promise((settle, reject) => {
      child.once("error", reject).once("close", (code) => settle(code ?? 255));
    });
  } finally {
    ending.removeEventListener("abort", end);
    process.off("exit", kill);
  }
}

async function outputOf(child: ChildProcess, name: string): Promise<CliOutput> {
  const [output, errors]: [Buffer[], Buffer[]] = [[], []];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  const began = performance.now();
  let stoppedBy: string | undefined;
  const progress = setInterval(() => {
    const seconds = Math.round((performance.now() - began) / 1000);
    console.error(`Still waiting for \`${name}\` (${seconds} s of ${TIMEOUT_MS / 1000} s at most).`);
  }, PROGRESS_MS);
  const timeout = setTimeout(() => {
    stoppedBy =
      `did not end within ${TIMEOUT_MS / 1000} s: Pulumi's backend or Cloudflare's API does not respond. Try ` +
      "again later";
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), GRACE_MS).unref();
  }, TIMEOUT_MS);
  const ending = endSignal();
  const interrupted = () => {
    stoppedBy = `was stopped by ${ending.reason}`;
  };
  ending.addEventListener("abort", interrupted, { once: true });
  try {
    const code = await codeOf(child);
    if (stoppedBy !== undefined) throw new PulumiFailed(`\`${name}\` ${stoppedBy}.`);
    return { code, output: Buffer.concat(output).toString(), errors: Buffer.concat(errors).toString() };
  } finally {
    clearInterval(progress);
    clearTimeout(timeout);
    ending.removeEventListener("abort", interrupted);
  }
}

function stateFailure(stack: string, printed: string): string {
  if (/PULUMI_ACCESS_TOKEN must be set/.test(printed)) {
    return (
      "You are not logged in to a Pulumi backend, where the state of the stacks is: run `pulumi login --local`, " +
      "or `pulumi login` for yours."
    );
  }
  if (!/no stack named/.test(printed)) return printed;
  return `${printed}\n${missingStackAdvice(stack, existsSync)}`;
}

/**
 * What to do where the Pulumi backend has no such stack. A configuration that is there is not replaced: it has the
 * secrets and what was adopted.
 */
export function missingStackAdvice(stack: string, exists: (file: string) => boolean): string {
  const file = `Pulumi.${stack.split("/").at(-1)}.yaml`;
  const init = `\`pulumi stack init ${stack}\``;
  if (!exists(file)) return `Copy Pulumi.example.yaml to ${file} and fill it in, then make the stack: ${init}.`;
  return (
    `${file} is there; keep it. If the stack was never made, make it: ${init}. If it was, you may be logged in to ` +
    "another Pulumi backend (`pulumi whoami --verbose` names it; `pulumi login` changes it), or its state is lost: " +
    'the chapter "A lost state" of README.md says what to do then.'
  );
}

const strayFailure = (stack: string, urn: string): string =>
  `The state of ${stack} has a resource of another stack or project: ${urn}. Nothing was done, since it would ` +
  "be done to the site of that stack. Run the command for that stack in that stack's project, or import " +
  `${stack}'s own state: \`pulumi stack import --stack ${stack}\`.`;

/**
 * PATH for the CLI. Its language host, in the same folder, runs the first `node` on PATH, which must be the one of
 * this process.
 */
export const pathFor = (command: string, { PATH = "" }: NodeJS.ProcessEnv): string =>
  [dirname(process.execPath), PATH, dirname(command)].join(delimiter);
