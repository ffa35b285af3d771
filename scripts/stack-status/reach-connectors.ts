import type { HealthOutcome } from "./health-request.ts";

/** What came of the requests to one hostname. */
export interface ReachedConnectors {
  readonly sent: number;
  readonly reached: number;
  /** How many requests each connector carried, by its id. */
  readonly byConnector: ReadonlyMap<string, number>;
  /** How many requests failed, by the reason. */
  readonly failures: ReadonlyMap<string, number>;
  /** Why it is not known what a visitor gets; the requests ended there. */
  readonly unknown?: string;
}

/** Requests under way at once: one that hangs does not hold up the others. */
const CONCURRENCY = 4;
/** Failed requests after which no further ones are sent. */
const MAX_FAILED = 8;
/** Most requests in all: below the rate limits that the kit ships. */
const MAX_REQUESTS = 100;
/** Requests for each connection, so that each of them is likely to carry one. */
const PER_CONNECTION = 2;
/** Requests for each connection until a connector that has carried none is given up. */
const MAX_PER_CONNECTION = 4;

/**
 * Sends at most `limit` requests, until each connector has carried one, and there were two for each connection. Which
 * connection a request takes is Cloudflare's choice, and no request can ask for one: so a connector that carried none
 * is not proved to be broken.
 */
export async function reachConnectors(
  send: () => Promise<HealthOutcome>,
  connectors: readonly { readonly id: string; readonly connections: number }[],
  limit = MAX_REQUESTS,
): Promise<ReachedConnectors> {
  const connections = connectors.reduce((sum, connector) => sum + connector.connections, 0);
  const enough = Math.min(limit, Math.max(CONCURRENCY, PER_CONNECTION * connections));
  const most = Math.min(limit, Math.max(enough, MAX_PER_CONNECTION * connections));
  const byConnector = new Map<string, number>();
  const failures = new Map<string, number>();
  let [sent, reached, failed] = [0, 0, 0];
  let unknown: string | undefined;
  const areAllSeen = () => connectors.every(({ id }) => byConnector.has(id));
  const isOver = () => unknown !== undefined || failed >= MAX_FAILED || sent >= (areAllSeen() ? enough : most);
  const worker = async () => {
    while (!isOver()) {
      sent += 1;
      const outcome = await send();
      if (outcome.kind === "not known") unknown = outcome.reason;
      else if (outcome.kind === "failed") {
        failed += 1;
        count(failures, outcome.reason);
      } else {
        reached += 1;
        if (outcome.connector !== undefined) count(byConnector, outcome.connector);
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return { sent, reached, byConnector, failures, ...(unknown !== undefined && { unknown }) };
}

const count = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
