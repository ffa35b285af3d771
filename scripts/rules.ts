import { programErrorMessage } from "../infra/local/engine/index.ts";
import { CommandError, reportFailure, runCommand } from "./command-line/index.ts";

// a mistake in a file of the policy shows when the commands, which read it, are loaded
const loaded = await import("./rules/commands.ts").catch((error: unknown) => {
  const failure = error instanceof Error ? new CommandError(programErrorMessage(error), { cause: error }) : error;
  process.exitCode = reportFailure("rules", failure);
});
if (loaded) await runCommand(loaded.rulesCommands);
