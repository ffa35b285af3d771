import { alignColumns } from "../command-line/index.ts";
import type { CheckState } from "./check.ts";
import type { StatusReport } from "./read-status.ts";

const WORDS: Readonly<Record<CheckState, string>> = {
  well: "all well",
  wrong: "something is wrong",
  "not known": "not everything could be found out",
};

/** The report for people: a line for each check. */
export function statusText({ stack, checkedAt, state, checks }: StatusReport): string {
  const rows = checks.map((check) => [check.state, check.name, check.subject, check.message]);
  return [`${stack} at ${checkedAt}: ${WORDS[state]}.`, "", ...alignColumns(rows).map((line) => `  ${line}`)].join(
    "\n",
  );
}
