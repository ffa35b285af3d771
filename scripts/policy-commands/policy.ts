/** Loads the policy when a command needs it, so that `--help` works while a file of a rule is broken. */
import { programErrorMessage } from "../../infra/local/engine/index.ts";
import { CommandError } from "../command-line/index.ts";

/** What commands use of the policy. @throws CommandError that names the file where one cannot be loaded */
export async function loadPolicy() {
  try {
    const policy = await import("../../infra/policy/index.ts");
    const files = await import("../../infra/policy-files.ts");
    const { findingsOf } = await import("../policy-findings/findings.ts");
    const { fixFindings } = await import("../policy-findings/fix.ts");
    return { ...policy, ...files, findingsOf, fixFindings };
  } catch (error) {
    throw error instanceof Error ? new CommandError(programErrorMessage(error), { cause: error }) : error;
  }
}
