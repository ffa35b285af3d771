/** The operator's shell: runs blocks of commands of the README as they are, on a terminal of util-linux's `script`. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { PulumiRun } from "../../../scripts/pulumi-cli/workspace.ts";
import { section } from "../../docs/markdown.ts";

/** What to type once the output since the last answer matches. */
export type TypedAnswer = readonly [asked: RegExp, answer: string];

export interface TerminalPlace {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Where a command runs that is not waited for. */
interface StartPlace extends TerminalPlace {
  /** What begins the command line, as of a namespace to run in. */
  readonly prefix?: readonly string[];
}

/** The blocks of shell commands below a heading of the README, without their indentation. */
export const shellBlocks = (heading: string): readonly string[] =>
  [...section("README.md", heading).matchAll(/^( *)```sh\n(.*?)^\1```$/gms)].map(([, indent = "", commands = ""]) =>
    commands.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  );

/** Milliseconds; a block that takes longer is ended, as one that asks what has no answer here. */
const TIMEOUT_MS = 60_000;

/** Runs a block up to its first command that fails. Throws where a question that has an answer was not asked. */
export async function runOnTerminal(
  commands: string,
  answers: readonly TypedAnswer[],
  { cwd, env }: TerminalPlace,
): Promise<PulumiRun> {
  const child = spawn("script", ["-qefc", 'bash -ec "$COMMANDS"', "/dev/null"], {
    cwd,
    env: { ...env, COMMANDS: commands, TERM: "xterm", SHELL: "/bin/sh" },
  });
  const waiting = [...answers];
  let text = "";
  let since = 0;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    const [asked, answer = ""] = waiting[0] ?? [];
    if (!asked?.test(text.slice(since))) return;
    waiting.shift();
    since = text.length;
    child.stdin.write(answer);
  });
  const limit = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  const [code] = await once(child, "close");
  clearTimeout(limit);
  if (waiting.length > 0) throw new Error(`It did not ask ${waiting[0]?.[0]}: ${text}`);
  return { code: Number(code ?? 255), text };
}

/** Starts a command that runs until it is stopped; npm and what it starts are a process group. */
export function startCommand(command: string, { cwd, env, prefix = [] }: StartPlace): ChildProcess {
  const [program = "", ...args] = [...prefix, "sh", "-c", command];
  return spawn(program, args, { cwd, env, detached: true, stdio: "ignore" });
}

/** Ends it in order. */
export async function stopCommand(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "close");
  process.kill(-child.pid, "SIGTERM");
  await ended;
}
