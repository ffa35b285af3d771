import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../../scripts/local-site/free-port.ts";
import { killAtExit } from "../../kill-at-exit.ts";

/** What authenticates the nodes of these tests to each other. */
const NODE_SECRET = "a secret of the nodes of these tests";

/** A nats-server of its own on 127.0.0.1. */
export interface NatsServer {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * The environment of a node that reaches NATS there. The database is one that no test opens, unless the test says
 * another.
 */
export function nodeEnv(natsUrl: string): Record<string, string> {
  return { NATS_URL: natsUrl, NODE_SECRET, DATABASE_URL: "postgres://causeway@127.0.0.1:1/unused" };
}

/** `configuration` in the format of nats-server's file. A `port` of 0 takes a free one. */
export async function startNats({
  configuration = "",
  host = "127.0.0.1",
  port: wanted = 0,
} = {}): Promise<NatsServer> {
  const folder = mkdtempSync(join(tmpdir(), "causeway-nats-"));
  const port = await freePort(wanted);
  const file = join(folder, "nats.conf");
  writeFileSync(file, `host: ${host}\nport: ${port}\n${configuration}`);
  const program = process.env.NATS_SERVER_BIN ?? "nats-server";
  const server = spawn(program, ["-c", file], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  killAtExit(server);
  let output = "";
  await new Promise<void>((resolve, reject) => {
    server.once("error", ({ message }) => reject(new Error(`${program} could not be started: ${message}`)));
    server.once("exit", () => reject(new Error(`${program} did not start: ${output}`)));
    server.stderr.on("data", (chunk: Buffer) => {
      output += chunk;
      if (output.includes("Server is ready")) resolve();
    });
  });
  server.removeAllListeners("exit");
  return {
    url: `nats://${host}:${port}`,
    port,
    async stop() {
      if (server.exitCode === null && server.signalCode === null) {
        const gone = once(server, "exit");
        server.kill();
        await gone;
      }
      rmSync(folder, { recursive: true });
    },
  };
}
