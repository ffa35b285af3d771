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
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return [
    `${stack} at ${checkedAt}: ${WORDS[state]}.`,
    "",
    ...rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd()),
  ].join("\n");
}
