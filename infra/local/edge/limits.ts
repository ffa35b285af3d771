import type { Zone } from "../api/state.ts";
import type { TurnLimits } from "./request-turns.ts";

/** Largest request body, bytes: the zone's setting `max_upload` in megabytes. */
export const maxBodyBytesOf = ({ settings }: Zone): number => Number(settings.max_upload) * 1_000_000;

/** Bytes of request line and header lines together; more is 431. Cloudflare allows 128 KB of headers. */
export const MAX_HEADER_BYTES = 128 * 1024;

/**
 * Bytes of the value of one header line; more is 431. HTTP/2 in the tunnel carries no more (nghttp2,
 * NGHTTP2_HD_MAX_NV).
 */
export const MAX_HEADER_LINE_BYTES = 64 * 1024;

/** Bytes of the request target; more is 414, as at Cloudflare (its error 414 page). */
export const MAX_URI_BYTES = 32 * 1024;

/**
 * Deadlines, milliseconds. Cloudflare's own:
 * https://developers.cloudflare.com/fundamentals/reference/connection-limits/
 */
export interface EdgeTimeouts {
  /** For all header lines of a request; slower clients get 408. */
  readonly headersMs: number;
  /** For a whole request, its body included. */
  readonly requestMs: number;
  /** Until the origin's response begins; then 524. */
  readonly originMs: number;
  /** A connection without a request, and a stream or WebSocket without a byte either way. */
  readonly idleMs: number;
  /**
   * For a client to take about 64 KiB of what it is sent; then it is disconnected. Cloudflare documents no such limit.
   */
  readonly readingMs: number;
}

export const TIMEOUTS: EdgeTimeouts = {
  headersMs: 15_000,
  requestMs: 300_000,
  originMs: 120_000,
  idleMs: 400_000,
  readingMs: 30_000,
};

/** Client connections at once; more are closed at once. */
export const MAX_CONNECTIONS = 4_096;
/** WebSockets at once; more are 503. */
export const MAX_WEBSOCKETS = 1_024;

/** Requests that were sent before the response to an earlier one; a client that sends more is disconnected. */
export const TURN_LIMITS: TurnLimits = {
  perConnection: 64,
  connectionBytes: 512 * 1024,
  totalBytes: 16 * 1024 * 1024,
};

/** Bytes that wait for clients which do not read; above it those that have waited longest are disconnected. */
export const MAX_UNREAD_BYTES = 64 * 1024 * 1024;
