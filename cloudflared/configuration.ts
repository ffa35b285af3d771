import { setTimeout as delay } from "node:timers/promises";
import type { RunningConnector } from "./running-connector.ts";

/**
 * Whether the edge has sent the connector a configuration. Polls for `within` milliseconds at most. Without a
 * configuration the connector responds to every request with 503.
 */
export async function hasConfiguration(
  { metrics }: Pick<RunningConnector, "metrics">,
  timeoutMs = 5_000,
): Promise<boolean> {
  for (let left = timeoutMs; ; left -= 250) {
    if ((await readVersion(metrics)) >= 0) return true;
    if (left <= 0) return false;
    await delay(250, undefined, { ref: false });
  }
}

async function readVersion(metrics: string): Promise<number> {
  try {
    const response = await fetch(`http://${metrics}/config`, { signal: AbortSignal.timeout(2_000) });
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null && "version" in body ? Number(body.version) : -1;
  } catch {
    return -1;
  }
}
