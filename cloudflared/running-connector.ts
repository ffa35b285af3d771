import type { ConnectorProblem } from "./problem.ts";

/** The edge of the Cloudflare on localhost. */
export interface LocalEdge {
  /** `host:port` of the tunnel's edge. */
  readonly edge: string;
  /** PEM file of the authority that signed its certificate. */
  readonly caFile: string;
  /** URL of the certificates of its Access, for our own connector. The real cloudflared asks Cloudflare for them. */
  readonly accessCertificates?: string;
}

/** How to start a connector. */
export interface ConnectorStartOptions {
  /** The tunnel's token; it goes to cloudflared by its environment, never by its arguments. */
  readonly token: string;
  /** Absent: Cloudflare's own edge, which takes the real cloudflared. */
  readonly local?: LocalEdge;
  /** Where CLOUDFLARED_BIN and PATH are looked up, and proxies and the like are passed on from. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds that requests in flight have when it stops; 30,000 by default. */
  readonly gracePeriodMs?: number;
  /** Milliseconds after `stop` in which cloudflared has to end where no request is in flight; 10,000 by default. */
  readonly idleTimeoutMs?: number;
  /** Port of `/ready` and `/metrics` on 127.0.0.1; 0, the default, takes a free one. */
  readonly metricsPort?: number;
  /** Milliseconds to become ready; 30,000 by default. */
  readonly readyTimeoutMs?: number;
  /** Stops the start: it then rejects with STOPPED. A connector that is ready is ended by `stop`. */
  readonly signal?: AbortSignal;
  /** Takes the connector's output line by line, without the token. */
  readonly log?: (line: string) => void;
}

/** A connector that is ready. */
export interface RunningConnector {
  readonly kind: "cloudflared" | "causeway";
  readonly version: string;
  /** Process whose end is the connector's. */
  readonly pid: number;
  /** `host:port` of `/ready` and `/metrics`. */
  readonly metrics: string;
  readyConnections(): Promise<number>;
  /** Resolves when it has ended: without a value after `stop`, else with why. */
  readonly ended: Promise<ConnectorProblem | undefined>;
  /** Unregisters, lets requests in flight end, and ends. */
  stop(): Promise<void>;
}
