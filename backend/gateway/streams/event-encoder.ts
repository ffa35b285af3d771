import { Transform, type TransformCallback } from "node:stream";

/** Milliseconds between two comments of a silent stream: Cloudflare ends a response that is silent for 100 s. */
const HEARTBEAT_INTERVAL_MS = 20_000;
/** Milliseconds after which a disconnected client reconnects. */
const RETRY_MS = 2_000;
/** Maximum bytes of one event. */
const MAX_EVENT_BYTES = 64 * 1024;

const NAME = /^[A-Za-z][\w.-]{0,63}$/;
const ID = /^[!-~]{0,128}$/;

/**
 * Encodes objects as server-sent events (HTML Living Standard 9.2): `event`, `data` as JSON on one line, `id`. A
 * comment is sent at once, so that the client sees the head of the response, and then whenever nothing was sent for
 * `heartbeatMs`.
 */
export class EventEncoder extends Transform {
  readonly #heartbeat: NodeJS.Timeout;
  readonly #names: ReadonlySet<string>;

  /** `names` of the events that the entry declares. */
  constructor(names: Iterable<string>, heartbeatMs = HEARTBEAT_INTERVAL_MS) {
    super({ writableObjectMode: true, writableHighWaterMark: 16, readableHighWaterMark: MAX_EVENT_BYTES });
    this.#names = new Set(names);
    this.push(`retry: ${RETRY_MS}\n\n`);
    this.#heartbeat = setInterval(() => {
      // a client that has not read the last comment needs no other one
      if (this.readableLength === 0 && !this.readableEnded) this.push(": \n\n");
    }, heartbeatMs).unref();
  }

  override _transform(event: unknown, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      const text = encodeServerSentEvent(event, this.#names);
      this.#heartbeat.refresh();
      done(null, text);
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    clearInterval(this.#heartbeat);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#heartbeat);
    done(error);
  }
}

/** Encodes an event. Throws for one that is not declared or is invalid, which is a mistake of the action. */
export function encodeServerSentEvent(given: unknown, names: ReadonlySet<string>): string {
  const { event, data, id } = given as { readonly event?: unknown; readonly data?: unknown; readonly id?: unknown };
  if (typeof event !== "string" || !NAME.test(event) || !names.has(event)) {
    throw new Error(`An action has sent the event ${JSON.stringify(event)}, which its entry does not declare.`);
  }
  if (id !== undefined && (typeof id !== "string" || !ID.test(id))) {
    throw new Error(`The id of an event ${event} is no printable ASCII text of 128 characters at most.`);
  }
  // JSON has no line breaks outside of escapes, so that it is one line whatever is in it
  const text = `${id === undefined ? "" : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data ?? null)}\n\n`;
  if (Buffer.byteLength(text) > MAX_EVENT_BYTES) {
    throw new Error(`An event ${event} has more than ${MAX_EVENT_BYTES} bytes.`);
  }
  return text;
}
