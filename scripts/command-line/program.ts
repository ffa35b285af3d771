import { spawn } from "node:child_process";
import { isatty } from "node:tty";
import { endRequestedBy, endSignal } from "./ending.ts";
import { CommandError } from "./failure.ts";
import { signalTree } from "./processes.ts";

/**
 * Runs another program in this terminal and returns its exit code; 1 where it was ended. A signal to this process is
 * passed on to the program and all processes that it started, and this process waits for the program.
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
    const send = (signal: NodeJS.Signals) => child.pid !== undefined && signalTree(child.pid, signal);
    const end = () => {
      const signal = endRequestedBy() ?? "SIGTERM";
      // Ctrl-C in a terminal reaches them without us; at a second SIGINT they would not end in order.
      if (signal !== "SIGINT" || !isatty(0)) send(signal);
    };
    const kill = () => send("SIGKILL");
    child.once("error", (error) => reject(new CommandError(`cannot start ${file}: ${error.message}`)));
    child.once("close", (code) => {
      ending.removeEventListener("abort", end);
      process.off("exit", kill);
      resolve(ending.aborted ? 1 : (code ?? 1));
    });
    process.once("exit", kill); // at the second signal
    if (ending.aborted) end();
    else ending.addEventListener("abort", end, { once: true });
  });
}
