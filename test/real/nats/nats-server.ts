import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";

/** A nats-server of its own on 127.0.0.1. */
export interface NatsServer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startNats(): Promise<NatsServer> {
  const port = await freePort();
  const server = spawn(process.env.NATS_SERVER_BIN ?? "nats-server", ["-a", "127.0.0.1", "-p", String(port)], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let told = "";
  await new Promise<void>((resolve, reject) => {
    server.once("exit", () => reject(new Error(`nats-server did not start: ${told}`)));
    server.stderr.on("data", (chunk: Buffer) => {
      told += chunk;
      if (told.includes("Server is ready")) resolve();
    });
  });
  server.removeAllListeners("exit");
  return {
    url: `nats://127.0.0.1:${port}`,
    async stop() {
      const gone = once(server, "exit");
      server.kill();
      await gone;
    },
  };
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  probe.close();
  await once(probe, "close");
  return port;
}
