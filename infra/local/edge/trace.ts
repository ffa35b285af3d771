import type { RequestFacts } from "../../rules/index.ts";
import type { Zone } from "../api/state.ts";
import type { HeaderLines } from "./headers.ts";

/** Bytes that are kept of a body, in each direction. */
const MAX_BODY_BYTES = 64 * 1024;

/** The first bytes of a body, collected while it passes. */
export class BodySample {
  /** Length of the whole body so far. */
  bytes = 0;
  #kept: Buffer[] = [];
  #keptBytes = 0;

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    const left = MAX_BODY_BYTES - this.#keptBytes;
    if (left <= 0) return;
    const part = chunk.length > left ? chunk.subarray(0, left) : chunk;
    this.#kept.push(part);
    this.#keptBytes += part.length;
  }

  /** The first 64 KiB. */
  read(): Buffer {
    return this.#kept.length === 1 ? (this.#kept[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#kept);
  }
}

/**
 * What passes the edge for one request, collected while it passes. All of it is as received, secrets included: what
 * keeps any of it must mask it first.
 */
export class RequestTrace {
  /** The header lines as they came, without `Local-Visitor`. */
  headers: HeaderLines = [];
  /** The request target as it came; empty where there was none. */
  target = "";
  scheme: "http" | "https" = "https";
  /** What the rules saw; absent where no rule saw the request. */
  facts?: RequestFacts;
  /** The zone as it was deployed then. */
  zone?: Zone;
  /** CF-Ray of the request that this one repeats, where this program has sent it. */
  repeats?: string;
  /** What the origin got; absent where the request was not sent to it. */
  forwarded?: HeaderLines;
  /** What the client got. */
  responseHeaders: HeaderLines = [];
  readonly requestBody = new BodySample();
  readonly responseBody = new BodySample();
  /** Milliseconds from the arrival until the request was sent into the tunnel; absent where it was not. */
  forwardedMs?: number;
  /** Milliseconds from the arrival until the tunnel brought the head of the response. */
  respondedMs?: number;
  readonly #since = performance.now();

  /** Milliseconds since the request arrived, with fractions. */
  elapsedMs(): number {
    return performance.now() - this.#since;
  }
}
