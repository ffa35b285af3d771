import { spawn } from "node:child_process";
import { once } from "node:events";
import type { ConnectorUnderTest, StartWith } from "../../infra/local/tunnel/tunnel-suite.ts";
import { within } from "../../within.ts";

/** Starts cloudflared by environment alone, as the kit does, and reads its state from its log. */
export const startCloudflared: StartWith = (options) => startBy([], {}, options);

/** Starts cloudflared as the last arguments of another command, with more variables in its environment. */
export const startedBy =
  (command: readonly string[], variables: Readonly<Record<string, string>>): StartWith =>
  (options) =>
    startBy(command, variables, options);

async function startBy(
  command: readonly string[],
  variables: Readonly<Record<string, string>>,
  { token, edge, caFile, gracePeriod }: Parameters<StartWith>[0],
): Promise<ConnectorUnderTest> {
  const [program = "", ...args] = [...command, process.env.CLOUDFLARED_BIN || "cloudflared", "tunnel", "run"];
  const child = spawn(program, args, {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      PATH: process.env.PATH,
      TUNNEL_TOKEN: token,
      TUNNEL_EDGE: Array(4).fill(edge).join(","),
      TUNNEL_CACERT: caFile,
      TUNNEL_TRANSPORT_PROTOCOL: "http2",
      TUNNEL_NO_PRECHECKS: "true",
      TUNNEL_METRICS: "127.0.0.1:0",
      TUNNEL_GRACE_PERIOD: `${gracePeriod}ms`,
      NO_AUTOUPDATE: "true",
      ...variables,
    },
  });
  const exited = once(child, "exit").then(([code]) => code as number | null);
  let log = "";
  const registered = new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (log.includes("Registered tunnel connection")) resolve();
      if (/Unauthorized/.test(log)) reject(new Error(log));
    });
    void exited.then((code) => reject(new Error(`cloudflared ended with ${code}: ${log}`)));
  });
  const ready = within("cloudflared to register", registered, () => log);
  ready.catch(() => {});
  const connector: ConnectorUnderTest = {
    ready,
    async readyConnections() {
      const address = /Starting metrics server on ([^\s/]+)/.exec(log)?.[1];
      const response = await fetch(`http://${address}/ready`);
      return ((await response.json()) as { readyConnections: number }).readyConnections;
    },
    async stop() {
      child.kill("SIGTERM");
      return (await within("cloudflared to end after SIGTERM", exited, () => log)) ?? -1;
    },
  };
  return connector;
}
