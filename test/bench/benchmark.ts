/** What every benchmark shares: its command line, how it prints figures and targets, and how it ends. */
import { cpus } from "node:os";
import {
  CommandError,
  command,
  commandGroup,
  type ExitCode,
  endSignal,
  type Options,
  type OptionValues,
  oneOf,
  optionWithDefault,
  runCommand,
} from "../../scripts/command-line/index.ts";

/** A column of a table: its name, and how many digits its numbers have after the point (0). */
export type Column = readonly [name: string, digits?: number];
type Cell = string | number;

/** What a benchmark says. With `--format json` it is one document at the end. */
export interface Report {
  /** A remark: conditions, or what is missing. */
  say(text: string): void;
  table(title: string, columns: readonly Column[], rows: readonly (readonly Cell[])[]): void;
  /** A figure beside what is wanted of it. A figure that is not a number does not reach its target. */
  target(what: string, figure: number, sign: "<=" | ">=", wanted: number): void;
}

export interface Benchmark<O extends Options> {
  /** As in `npm run bench -- NAME`. */
  readonly name: string;
  /** One sentence: what is measured. */
  readonly summary: string;
  readonly details?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly examples?: readonly string[];
  readonly options: O;
  run(options: OptionValues<O>, report: Report): Promise<void>;
}

const FORMAT = { format: optionWithDefault("--format <format>", "text, json", oneOf(["text", "json"]), "text") };
const cleanUps: (() => unknown)[] = [];
let isEnding = false;

/** Calls this when the benchmark ends, also when it fails or is interrupted: the last one that was added first. */
export function atEnd(cleanUp: () => unknown): void {
  if (isEnding) cleanUp();
  else cleanUps.push(cleanUp);
}

/**
 * Runs the benchmark of this process, and ends the process. The exit code is 1 where it failed, was interrupted, or
 * did not reach a target.
 */
export async function runBenchmark<const O extends Options>(benchmark: Benchmark<O>): Promise<void> {
  const { name, summary, options, run, ...more } = benchmark;
  const own = command({
    ...{ ...more, name, summary, options: { ...options, ...FORMAT } },
    failure: "it failed or a target was not reached",
    run({ options: given }) {
      const { format } = given as unknown as OptionValues<typeof FORMAT>;
      return measure(name, format, (report) => run(given as unknown as OptionValues<O>, report));
    },
  });
  process.argv.splice(2, 0, name);
  await runCommand(commandGroup({ name: "bench", summary: "Measures against named peers.", commands: [own] }));
  // what a failed benchmark was doing may go on for long
  process.exit();
}

async function measure(name: string, format: "text" | "json", run: (report: Report) => Promise<void>) {
  const report = format === "json" ? collected(name) : printed();
  const ending = endSignal();
  const interrupted = new Promise<never>((_, reject) => {
    ending.addEventListener("abort", () => reject(new CommandError("it was interrupted.")), { once: true });
    // An error that nothing catches, such as one of an event's listener, would end this process and leave its servers
    // running. This is called for rejections too.
    process.on("uncaughtException", reject);
  });
  try {
    await Promise.race([run(report), interrupted]);
  } finally {
    isEnding = true;
    await cleanUpAll();
  }
  return report.finish();
}

/** Calls every clean-up, also after one that fails: its error is printed. */
async function cleanUpAll(): Promise<void> {
  for (const cleanUp of cleanUps.toReversed()) {
    try {
      await cleanUp();
    } catch (error) {
      console.error(error);
    }
  }
}

interface Target {
  readonly what: string;
  readonly figure: number;
  readonly sign: "<=" | ">=";
  readonly wanted: number;
  readonly isReached: boolean;
}

/** Keeps the targets of a report until its end. */
function withTargets(show: (targets: readonly Target[]) => void) {
  const targets: Target[] = [];
  return {
    target(what: string, figure: number, sign: "<=" | ">=", wanted: number) {
      targets.push({ what, figure, sign, wanted, isReached: sign === "<=" ? figure <= wanted : figure >= wanted });
    },
    finish(): ExitCode {
      show(targets);
      return targets.every(({ isReached }) => isReached) ? 0 : 1;
    },
  };
}

const print = (text: string) => void process.stdout.write(`${text}\n`);

function printed(): Report & { finish(): ExitCode } {
  function table(title: string, columns: readonly Column[], rows: readonly (readonly Cell[])[]): void {
    const lines = rows.map((row) => row.map((cell, i) => (typeof cell === "number" ? shown(cell, columns[i]) : cell)));
    const widths = columns.map(([name], i) => Math.max(name.length, ...lines.map((line) => line[i]?.length ?? 0)));
    const line = (cells: readonly string[]) =>
      cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
    print(`\n${title}`);
    for (const cells of [columns.map(([name]) => name), ...lines]) print(line(cells).trimEnd());
  }
  const ending = withTargets((targets) => {
    if (targets.length === 0) return;
    const rows = targets.map(({ what, figure, sign, wanted, isReached }) => {
      return [what, figure, `${sign} ${wanted.toFixed(2)}`, isReached ? "reached" : "not reached"];
    });
    table("Targets", [["what"], ["measured", 2], ["wanted"], [""]], rows);
  });
  return { say: print, table, ...ending };
}

const shown = (cell: number, [, digits = 0]: Column = [""]) => (Number.isNaN(cell) ? "-" : cell.toFixed(digits));

function collected(name: string): Report & { finish(): ExitCode } {
  const remarks: string[] = [];
  const tables: { title: string; rows: Record<string, Cell | null>[] }[] = [];
  const ending = withTargets((targets) => {
    const [{ model = "unknown" } = {}, ...others] = cpus();
    const machine = { processor: model, cores: others.length + 1, node: process.version };
    print(JSON.stringify({ benchmark: name, machine, remarks, tables, targets }, null, 2));
  });
  return {
    say: (text) => void remarks.push(text),
    table(title, columns, rows) {
      const named = rows.map((row) =>
        Object.fromEntries(columns.map(([column], i) => [column || "name", row[i] ?? null])),
      );
      tables.push({ title, rows: named });
    },
    ...ending,
  };
}
