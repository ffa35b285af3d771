import { spawn } from "node:child_process";
import { once } from "node:events";
import { CONNECTOR } from "../../scripts/stack-connectors/local-connectors.ts";
import { within } from "../within.ts";

/** `npm run connector` as a process of its own. */
export interface ConnectorCommand {
  /**
   * Resolves with the line that reports it as ready. Rejects with all output when it ends before, or after 45 s: the
   * command itself gives up after 30 s.
   */
  readonly ready: Promise<string>;
  /** Resolves with exit code and all output. Rejects with all output 45 s after a signal. */
  readonly ended: Promise<{ code: number | null; output: string }>;
  readonly pid: number;
  signal(name: NodeJS.Signals): void;
}

export function runConnector(env: Record<string, string>, args: readonly string[] = []): ConnectorCommand {
  const [program, ...first] = CONNECTOR;
  const child = spawn(program, [...first, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const state = () => `Process ${child.pid}, exit code ${child.exitCode}, output so far:\n${output}`;
  const closed = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
  const signalled = Promise.withResolvers<string>();
  const late = signalled.promise.then((name) => within(`the connector to end after ${name}`, closed, state));
  const ended = Promise.race([closed, late]);
  ended.catch(() => {});
  const line = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const line = /^ready: .*$/m.exec(output)?.[0];
        if (line) resolve(line);
      });
    }
    void closed.then(() => reject(new Error(output)));
  });
  const ready = within("the connector to be ready", line, state);
  ready.catch(() => {});
  return {
    ready,
    ended,
    pid: child.pid ?? 0,
    signal(name) {
      child.kill(name);
      signalled.resolve(name);
    },
  };
}
