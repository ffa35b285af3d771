import type { Visitor } from "../../rules/index.ts";
import type { Cloud } from "../api/state.ts";
import type { TunnelEdge } from "../tunnel/index.ts";
import type { DeploymentProblem } from "./deployments.ts";
import type { EdgeTimeouts } from "./limits.ts";
import type { RequestRecord } from "./record.ts";
import type { RequestTrace } from "./trace.ts";

/** How to start the edge. */
export interface EdgeOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /**
   * A second port, where requests count as plain HTTP, as at Cloudflare's port 80; 0 takes a free one. Absent: there
   * is none.
   */
  readonly plainPort?: number;
  /** A URL under which the deployed site opens; errors 1001 and 1003 name it. */
  readonly siteUrl?: string;
  /** What is deployed. */
  readonly cloud: Pick<Cloud, "zoneOf" | "accessAccounts" | "onChange">;
  /** The way to the origins. */
  readonly tunnel: Pick<TunnelEdge, "open">;
  /** Milliseconds since the UNIX epoch. */
  readonly clock?: () => number;
  /** Data centre: three letters at the end of every CF-Ray, and a dimension of every rate limit. `LCL` by default. */
  readonly colo?: string;
  readonly timeouts?: Partial<EdgeTimeouts>;
  /** WebSockets at once; 1,024 by default. */
  readonly maxWebSockets?: number;
  /** Bytes that may wait for clients which do not read; 64 MiB by default. */
  readonly maxUnreadBytes?: number;
  /** Bytes of a request's body; what the zone's plan allows by default. */
  readonly maxBodyBytes?: number;
  /**
   * What Cloudflare would know of every visitor; it replaces the client's own address. Absent: visitors have their own
   * address, and only `Local-Visitor` adds more.
   */
  readonly visitor?: Visitor;
  /** Called once for each request when it is over. */
  onRequest?(record: RequestRecord): void;
  /**
   * Called once for each request when it is over, with everything that passed. The trace has secrets of clients: it may
   * be read until the function returns. Absent: nothing is collected.
   */
  onTrace?(record: RequestRecord, trace: RequestTrace): void;
  /** Called when deployed rules cannot be run. */
  onProblem?(problem: DeploymentProblem): void;
}
