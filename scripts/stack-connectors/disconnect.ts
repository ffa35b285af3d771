/** Frees a tunnel of its connectors: one that has connections cannot be deleted (1022). */
import { setTimeout as delay } from "node:timers/promises";
import { type ConnectedClient, describeClient, type StackTunnel } from "../cloudflare-account/tunnel.ts";
import { CommandError, endSignal } from "../command-line/index.ts";
import { throwAfterSignal } from "../pulumi-cli/operator.ts";

export interface DisconnectOptions {
  readonly tell: (line: string) => void;
  /** How many times the connections are ended. */
  readonly tries?: number;
  /**
   * Milliseconds between ending the connections and looking again. A connector comes back about 3 s after it was cut.
   */
  readonly pauseMs?: number;
}

/** About a minute in all: cloudflared gives up on a refused token at its first try, others try longer. */
const TRIES = 8;
const PAUSE_MS = 6_000;

/**
 * Ends the connections until none comes back; the tunnel's secret must have changed before, so that none can. Prints
 * each connector that came back, once. @throws CommandError that names those that still have connections in the end
 */
export async function disconnectAll(tunnel: StackTunnel, options: DisconnectOptions): Promise<void> {
  const { tell, tries = TRIES, pauseMs = PAUSE_MS } = options;
  const reportedIds = new Set<string>();
  let connected = await tunnel.connectors();
  if (connected.length === 0) return;
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    await tunnel.disconnect();
    await delay(pauseMs, undefined, { signal: endSignal() }).catch(() => throwAfterSignal("was disconnected"));
    connected = await tunnel.connectors();
    if (connected.length === 0) return;
    for (const client of connected.filter(({ id }) => !reportedIds.has(id))) {
      tell(`Came back after it was disconnected: ${describeClient(client)}.`);
      reportedIds.add(client.id);
    }
  }
  throw new CommandError(stillConnected(tunnel, connected));
}

function stillConnected({ id }: StackTunnel, connected: readonly ConnectedClient[]): string {
  const lines = connected.map((client) => `  ${describeClient(client)}`);
  return [
    `The tunnel ${id} still has connections, so that Cloudflare would not delete it (1022):`,
    ...lines,
    "Stop these connectors where they run (a service, a container, another machine), then run the same command again.",
  ].join("\n");
}
