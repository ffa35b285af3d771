import { spawn } from "node:child_process";
import { isatty } from "node:tty";
import { endSignal } from "./ending.ts";
import { CommandError } from "./failure.ts";

/**
 * Runs another program in this terminal and returns its exit code; 1 where a signal ended it. When this process is asked to end, the
 * program is, and this process waits for it.
 * @throws CommandError where it cannot be started
 */
export function runProgram(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const ending = endSignal();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "inherit", env });
    const end = () => {
      // Ctrl-C in a terminal reaches the program without us; a second SIGINT would tell it not to end in order
      if (ending.reason !== "SIGINT" || !isatty(0)) child.kill(ending.reason);
    };
    child.once("error", (error) => reject(new CommandError(`cannot start ${file}: ${error.message}`)));
    child.once("close", (code) => {
      ending.removeEventListener("abort", end);
      process.off("exit", kill);
      resolve(ending.aborted ? 1 : (code ?? 1));
    });
    const kill = () => child.kill("SIGKILL"); // asked to end twice
    process.once("exit", kill);
    if (ending.aborted) end();
    else ending.addEventListener("abort", end, { once: true });
  });
}
