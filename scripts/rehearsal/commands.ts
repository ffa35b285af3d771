/**
 * Runs the operator's commands (`npm run up`, `drift`, `down`) as an operator does: as processes, with or without a
 * terminal.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { onPath } from "../programs/on-path.ts";
import type { PulumiRun } from "../pulumi-cli/workspace.ts";

export interface CommandPlace {
  /** Where the project file is. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

const RUN = resolve(import.meta.dirname, "../run.mjs");

/** Runs `npm run NAME -- ARGS` without a terminal, so that it can ask no question. */
export function runCommandLine(place: CommandPlace, args: readonly string[]): Promise<PulumiRun> {
  return ended(spawn(process.execPath, [RUN, ...args], { ...place, stdio: ["ignore", "pipe", "pipe"] }));
}

/**
 * Runs it on a terminal and types `answer` once the output matches `question`. Where the program `script`, which makes
 * the terminal, is missing, it runs without one, and every question counts as answered with no.
 */
export function answerCommandLine(
  place: CommandPlace,
  args: readonly string[],
  question: RegExp,
  answer: string,
): Promise<PulumiRun> {
  const script = process.platform === "win32" ? undefined : onPath(["script"], place.env.PATH);
  if (script === undefined) return runCommandLine(place, args);
  const command = [process.execPath, RUN, ...args];
  const env = { ...place.env, TERM: "xterm" };
  // util-linux takes one line for the shell; BSD and macOS take the command after the file
  const child = spawn(
    script,
    process.platform === "linux"
      ? ["-qefc", command.map(quoted).join(" "), "/dev/null"]
      : ["-q", "/dev/null", ...command],
    { cwd: place.cwd, env },
  );
  let isAnswered = false;
  return ended(child, (text) => {
    if (isAnswered || !question.test(text)) return;
    isAnswered = true;
    child.stdin.write(answer);
  });
}

function ended(child: ChildProcess, onText: (text: string) => void = () => {}): Promise<PulumiRun> {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      onText(text);
    });
  }
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("close", (code) => settle({ code: code ?? 255, text }));
  });
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
