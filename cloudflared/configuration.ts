import { setTimeout as delay } from "node:timers/promises";
import type { RunningConnector } from "./running-connector.ts";

/**
 * Whether the edge has sent the connector a configuration. Polls for `within` milliseconds at most. Without a
 * configuration the connector responds to every request with 503.
 */
export async function hasConfiguration(
  { metrics }: Pick<RunningConnector, "metrics">,
  within = 5_000,
): Promise<boolean> {
  for (let left = within; ; left -= 250) {
    if ((await versionAt(metrics)) >= 0) return true;
    if (left <= 0) return false;
    await delay(250, undefined, { ref: false });
  }
}

async function versionAt(metrics: string): Promise<number> {
  try {
    const response = await fetch(`http://${metrics}/config`, { signal: AbortSignal.timeout(2_000) });
    const body: unknown = await response.json();
    return typeof body === "object" && body !== null && "version" in body ? Number(body.version) : -1;
  } catch {
    return -1;
  }
}
