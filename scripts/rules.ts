import { runCommand } from "./command-line/index.ts";
import { rulesCommands } from "./policy-commands/commands.ts";

await runCommand(rulesCommands);
