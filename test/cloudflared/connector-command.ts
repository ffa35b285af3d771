import { spawn } from "node:child_process";
import { once } from "node:events";
import { CONNECTOR } from "../../scripts/pulumi/local-connectors.ts";

/** `npm run connector` as a process of its own. */
export interface ConnectorCommand {
  /** Resolves with the line that says it is ready, or rejects with all output when it ends before. */
  readonly ready: Promise<string>;
  /** Resolves with exit code and all output. */
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
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, output }));
  const ready = new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        const line = /^ready: .*$/m.exec(output)?.[0];
        if (line) resolve(line);
      });
    }
    void ended.then(() => reject(new Error(output)));
  });
  ready.catch(() => {});
  return { ready, ended, pid: child.pid ?? 0, signal: (name) => void child.kill(name) };
}
