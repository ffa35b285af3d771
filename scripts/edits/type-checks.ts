import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { TypeProblem, TypeReport } from "./type-check-messages.ts";

/** Mistakes that are listed; the others are counted. */
const MAX_LISTED = 10;

/**
 * Checks types in a process of its own whenever a file was edited, until `close` is called.
 *
 * @param print gets lines when other mistakes are there than before
 */
export function checkTypes(project: string, print: (lines: readonly string[]) => void): { close(): Promise<void> } {
  const child = fork(fileURLToPath(new URL("type-check-process.ts", import.meta.url)), [], {
    cwd: project,
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let isClosed = false;
  const linesOf = typeReports();
  child.on("message", (report) => {
    const lines = linesOf(report as TypeReport);
    if (lines.length > 0) print(lines);
  });
  child.once("error", ({ message }) => print([`cannot be checked: ${message}`]));
  child.once("exit", (code, signal) => {
    if (!isClosed) print([`are checked no more: the process of TypeScript ended (${code ?? signal})`]);
  });
  return {
    async close() {
      isClosed = true;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL"); // it may be busy for seconds, and has nothing to save
      await ended;
    },
  };
}

/** Returns a function that makes lines of the reports of the two configurations: none where nothing has changed. */
export function typeReports(): (report: TypeReport) => readonly string[] {
  const byConfig = new Map<string, readonly TypeProblem[]>();
  let shown: string | undefined;
  return ({ config, problems }) => {
    byConfig.set(config, problems);
    // a file that both configurations have is named once
    const lines = [...new Set([...byConfig.values()].flat().map(lineOf))].sort();
    const text = lines.join("\n");
    if (text === shown || (shown === undefined && lines.length === 0 && byConfig.size < 2)) return [];
    shown = text;
    if (lines.length === 0) return ["no errors"];
    const more = lines.length - MAX_LISTED;
    return [
      lines.length === 1 ? "1 error" : `${lines.length} errors`,
      ...lines.slice(0, MAX_LISTED),
      ...(more > 0 ? [`${more} more; \`npm run check\` lists all`] : []),
    ];
  };
}

const lineOf = ({ file, line, column, message, code }: TypeProblem): string =>
  `${file}:${line}:${column} ${message} (TS${code})`;
