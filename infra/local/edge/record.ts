import type { Verdict } from "../../rules/index.ts";

/** Why the edge responded by itself for another reason than a rule. */
export interface EdgeFailure {
  /** Cloudflare's error code where it has one (1001, 1003, 1016, 1033), else the status. */
  readonly code: number;
  /** What happened and what to do, for the operator; clients never see it. */
  readonly message: string;
}

/** One request that reached the edge. Text of the client is as received, control characters included. */
export interface RequestRecord {
  /** Milliseconds since the UNIX epoch. */
  readonly time: number;
  /** CF-Ray. */
  readonly ray: string;
  /** Address of the client. */
  readonly client: string;
  /** Empty where the request was too malformed to have one; likewise host and path. */
  readonly method: string;
  /** Without port, as received. */
  readonly host: string;
  /** Without the query, which may hold secrets. */
  readonly path: string;
  /** What the rules decided; absent where no rule saw the request. */
  readonly verdict?: Verdict;
  readonly failure?: EdgeFailure;
  /** Status of the response; 101 for an open WebSocket; 499 where the client disconnected before there was one. */
  readonly status: number;
  /** Milliseconds until the whole response was sent, or the WebSocket was closed. */
  readonly durationMs: number;
}
