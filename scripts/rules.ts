import { runCommand } from "./command-line/index.ts";
import { rulesCommands } from "./rules/commands.ts";

await runCommand(rulesCommands);
