// `npm run rules -- COMMAND ...`: the security admin's commands.
import { runRules } from "./rules/run.ts";

process.exitCode = runRules(process.argv.slice(2));
