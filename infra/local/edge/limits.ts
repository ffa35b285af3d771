import { PLAN_LIMITS, type Plan } from "../../rules/index.ts";

/** Largest request body, bytes ("Max upload size" of https://developers.cloudflare.com/plans/). */
export const bodyLimit = (plan: Plan): number => PLAN_LIMITS[plan].maxUploadMb * 1_000_000;

/** Request line and header lines together, bytes; more is answered 431. Cloudflare allows 128 KB of headers. */
export const HEADER_LIMIT = 128 * 1024;

/** Request target, bytes; more is answered 414, as at Cloudflare (its error 414 page). */
export const URI_LIMIT = 32 * 1024;

/** Deadlines, milliseconds. Cloudflare's own: https://developers.cloudflare.com/fundamentals/reference/connection-limits/ */
export interface EdgeTimeouts {
  /** For all header lines of a request; slower clients get 408. */
  readonly headers: number;
  /** For a whole request, its body included. */
  readonly request: number;
  /** Until the origin's answer begins; then 524. */
  readonly origin: number;
  /** A connection without a request, and a stream or WebSocket without a byte either way. */
  readonly idle: number;
}

export const TIMEOUTS: EdgeTimeouts = { headers: 15_000, request: 300_000, origin: 120_000, idle: 400_000 };

/** Client connections at once; more are closed at once. */
export const MAX_CONNECTIONS = 4_096;
/** Requests under way on one connection, sent without waiting for answers; a client that sends more is cut off. */
export const MAX_PIPELINED = 64;
/** WebSockets at once; more are answered 503. */
export const MAX_WEBSOCKETS = 1_024;
