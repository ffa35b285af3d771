import { printable } from "../../infra/preflight/for-commands.ts";
import { alignColumns } from "../command-line/index.ts";
import type { Drift } from "./drift.ts";

/**
 * One line for each value, aligned. Control and format characters are replaced by `?`: the values were written by
 * other people, and must not control the terminal. Of long values, the part around the first difference is shown.
 */
export function driftTable(drifts: readonly Drift[]): string {
  const rows = [
    ["resource", "what", "deployed", "now"],
    ...drifts.map(({ resource, path, deployed, now }) => {
      const [before, after] = cut(shown(deployed, "(none)"), shown(now, "(deleted)"));
      return [printable(resource), path === "" ? "resource" : printable(path), before, after];
    }),
  ];
  return alignColumns(rows).join("\n");
}

/** Characters of a cell. */
const MAX_CELL = 60;
/** Characters that are shown of what is equal, before the first difference. */
const CONTEXT = 12;

function shown(value: unknown, missing: string): string {
  return value === undefined ? missing : printable(JSON.stringify(value));
}

function cut(before: string, after: string): readonly [string, string] {
  if (before.length <= MAX_CELL && after.length <= MAX_CELL) return [before, after];
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  const from = Math.max(0, same - CONTEXT);
  return [window(before, from), window(after, from)];
}

function window(text: string, from: number): string {
  const start = from === 0 || text.length <= MAX_CELL ? 0 : from;
  const head = start === 0 ? "" : "...";
  const width = MAX_CELL - head.length;
  const rest = text.slice(start);
  return head + (rest.length > width ? `${rest.slice(0, width - 3)}...` : rest);
}
