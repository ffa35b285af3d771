import { commandGroup } from "../command-line/index.ts";
import { checkCommand } from "./check.ts";
import { evalCommand } from "./eval.ts";
import { explainCommand } from "./explain.ts";
import { formatCommand } from "./format.ts";
import { testCommand } from "./test.ts";
import { vectorsCommand } from "./vectors.ts";

/** The security admin's commands. */
export const rulesCommands = commandGroup({
  name: "rules",
  summary: "Checks, tests and explains the policy and the expressions of its rules.",
  commands: [checkCommand, testCommand, explainCommand, evalCommand, formatCommand, vectorsCommand],
});
