/** Connectors of the rehearsal, each a process as `npm run connector` starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { TunnelEdge } from "../../infra/local/tunnel/index.ts";
import { CONNECTOR, connectorEnvironment } from "../stack-connectors/local-connectors.ts";

/**
 * Starts a connector for the tunnel on this machine: the cloudflared on PATH, or else our own. Resolves when it is
 * ready. @throws Error with what it wrote
 */
export function startConnector(
  token: Readonly<Record<string, string>>,
  { address, caFile }: TunnelEdge,
): Promise<ChildProcess> {
  const [program, ...args] = CONNECTOR;
  const child = spawn(program, args, {
    env: {
      ...connectorEnvironment(),
      ...token,
      TUNNEL_EDGE: address,
      TUNNEL_CACERT: caFile,
      TUNNEL_GRACE_PERIOD: "2s",
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  return new Promise((ready, failed) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (/^ready: /m.test(output)) ready(child);
      });
    }
    child.once("error", failed);
    child.once("close", (code) => failed(new Error(`the connector ended with ${code}: ${output.trim()}`)));
  });
}

/** Ends a connector (SIGTERM), and resolves when it has ended. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "close");
  child.kill("SIGTERM");
  await ended;
}
