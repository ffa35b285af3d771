import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { CODES } from "../../contract/index.ts";
import type { Metrics } from "../metrics.ts";
import { errorBody } from "./error-body.ts";
import { apiHeaders } from "./headers.ts";
import { createHttpServer } from "./server.ts";

/** A condition for this node to be sent requests. */
export interface ReadinessCheck {
  readonly name: string;
  /** Returns true where the condition is met; else returns false or the reason, or rejects. */
  run(): Promise<boolean | string>;
}

/** Milliseconds that a check may take; a slower one has failed. */
const CHECK_TIMEOUT_MS = 2_000;

/**
 * The port for the operator of this node: `/health/live` while the process responds, `/health/ready` while it should be
 * sent requests, `/metrics` for Prometheus. It must not be reachable by a tunnel.
 */
export function createInternalServer(checks: readonly ReadinessCheck[], metrics: Metrics): Server {
  async function respond({ method, url }: IncomingMessage, response: ServerResponse): Promise<void> {
    if (method === "GET" && url === "/health/live") return send(response, 200, JSON.stringify({ live: true }));
    if (method === "GET" && url === "/health/ready") {
      const results = await Promise.all(checks.map(async (check) => [check.name, await outcomeOf(check)] as const));
      const ready = results.every(([, result]) => result === true);
      const outcomes = Object.fromEntries(results.map(([name, result]) => [name, result === true]));
      const reasons = Object.fromEntries(results.filter(([, result]) => typeof result === "string"));
      const body = Object.keys(reasons).length > 0 ? { ready, checks: outcomes, reasons } : { ready, checks: outcomes };
      return send(response, ready ? 200 : 503, JSON.stringify(body));
    }
    if (method === "GET" && url === "/metrics") return send(response, 200, await metrics.render(), metrics.contentType);
    const [status, message] = CODES.NOT_FOUND;
    send(response, status, errorBody({ status, code: "NOT_FOUND", message }));
  }
  return createHttpServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
}

async function outcomeOf({ run }: ReadinessCheck): Promise<boolean | string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS);
  });
  try {
    return await Promise.race([run(), late]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function send(response: ServerResponse, status: number, body: string, contentType?: string): void {
  response.writeHead(status, { ...apiHeaders, ...(contentType === undefined ? {} : { "content-type": contentType }) });
  response.end(body);
}
