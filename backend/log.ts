import { Loggers } from "moleculer";
import { type DestinationStream, type Logger, pino } from "pino";
import type { Config } from "./config.ts";

/**
 * Names of members whose values may be secrets: the log replaces them. The gateway does not log bodies.
 */
const SECRET = ["password", "token", "accessToken", "refreshToken", "authorization", "cookie", "secret"];

/** The destinations of the logs that `createLog` has made. */
const destinations = new WeakMap<Logger, DestinationStream>();

/** The one log of the process: a JSON object a line. `destination` is the standard output when left out. */
export function createLog(
  config: Pick<Config, "logLevel">,
  destination: DestinationStream = pino.destination(1),
): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    timestamp: time,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: "[secret]" },
    serializers: { err: errorFacts },
  };
  const log = pino(options, destination);
  destinations.set(log, destination);
  return log;
}

/**
 * Writes log lines with the same message at the level `info`. `members` are the members of the line as JSON, each with
 * a comma before it. pino handles each member of an object by itself, which costs a busy gateway as much as all its
 * limits.
 */
export type LineWriter = (members: string) => void;

/** Makes the writer of lines with this message. `log` was made by `createLog`, and decides whether they are written. */
export function lineWriter(log: Logger, message: string): LineWriter {
  const destination = destinations.get(log);
  if (!destination) throw new Error("The log was not made by createLog: it is not known where it writes.");
  const end = `,"msg":${JSON.stringify(message)}}\n`;
  return (members) => {
    if (log.isLevelEnabled("info")) destination.write(`{"level":"info"${time()}${members}${end}`);
  };
}

let millisecond = 0;
let written = "";

/**
 * The time of a log line as JSON, in ISO 8601. It is made once for all lines of a millisecond, since a busy gateway
 * writes many of them.
 */
function time(): string {
  const now = Date.now();
  if (now !== millisecond) {
    millisecond = now;
    written = `,"time":"${new Date(now).toISOString()}"`;
  }
  return written;
}

/** The members of an error that are logged. Its `data` is not: it may have values that a client has sent. */
function errorFacts(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, type } = error as Error & { code?: unknown; type?: unknown };
  return { name: error.name, message: error.message, code, type, stack: error.stack };
}

/**
 * Writes Moleculer's log lines into the log of the process: the texts and the first error of each. Other objects are
 * left out, because parameters of calls may be among them.
 */
export class BrokerLog extends Loggers.Base<{ level: "info" }> {
  readonly #log: Logger;

  constructor(log: Logger) {
    super({ level: "info" });
    this.#log = log;
  }

  override getLogHandler(bindings: { mod?: string } | null): (level: keyof typeof LEVELS, args: unknown[]) => void {
    const log = this.#log.child({ module: bindings?.mod ?? "broker" });
    return (level, args) => {
      const method = LEVELS[level];
      if (!log.isLevelEnabled(method)) return;
      const words = args.filter((part) => typeof part === "string").join(" ");
      const err = args.find((part) => part instanceof Error);
      if (err?.name === "DatabaseAway") return; // `outageLog` writes one line a second about it
      log[method](err ? { err } : {}, words);
    };
  }
}

/** Moleculer logs its own start in a dozen lines at `info`: they are only needed when something is wrong. */
const LEVELS = {
  fatal: "fatal",
  error: "error",
  warn: "warn",
  info: "debug",
  debug: "trace",
  trace: "trace",
} as const;
