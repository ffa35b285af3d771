import { Readable, Transform, type TransformCallback } from "node:stream";
import type { ActionHandler, ActionSchema, Context, Middleware, ServiceBroker, ServiceSchema } from "moleculer";

/*
 * Flow control for streams between nodes. Moleculer sends a stream to another node as fast as NATS takes it, however
 * slowly it is read, and does not notify the sender of a reader that goes away. Here the reader's node reports how much
 * was read. The sender's node pauses while too much is unread, and closes the source when no report has come for some
 * time.
 */

/** Bytes that may be sent and not yet read. */
export const WINDOW_BYTES = 512 * 1024;
/** Bytes that an object counts as, in a stream of objects. */
const OBJECT_BYTES = 1024;
/** Milliseconds between two reports of a reader, and without a report after which the source is closed. */
const REPORT_INTERVAL_MS = 5_000;
const SILENCE_TIMEOUT_MS = 20_000;
/** Larger results are sent as streams: a packet of NATS has 1 MiB, and bytes in JSON take four times their length. */
const MAX_WHOLE_BYTES = 32 * 1024;

interface ReadReport {
  readonly id: string;
  /** Bytes that were read since the report before. */
  readonly bytes: number;
  /** Nothing more will be read. */
  readonly isFinal: boolean;
}

type ReportToSender = (news: Omit<ReadReport, "id">) => void;

/** Controls the flow of streams between this node and others. `aliveMs` and `silenceMs` are for tests. */
export class StreamFlow {
  readonly #senders = new Map<string, StreamSender>();
  readonly #aliveMs: number;
  readonly #silenceMs: number;

  constructor({ aliveMs = REPORT_INTERVAL_MS, silenceMs = SILENCE_TIMEOUT_MS } = {}) {
    this.#aliveMs = aliveMs;
    this.#silenceMs = silenceMs;
  }

  /** Streams that this node sends to others now. */
  get sending(): number {
    return this.#senders.size;
  }

  /** Receives the reports of other nodes. */
  readonly service: ServiceSchema = {
    name: "streams",
    actions: {
      read: {
        auth: "service",
        visibility: "public",
        handler: (ctx: Context<ReadReport>) => {
          const { id, bytes, isFinal } = ctx.params;
          this.#senders.get(`${ctx.nodeID} ${id}`)?.noteRead(bytes, isFinal);
        },
      },
    },
  };

  readonly middleware: Middleware = {
    name: "StreamFlow",
    localAction: (next: ActionHandler, action: ActionSchema): ActionHandler => {
      if (!action.streams) return next;
      const flow = this;
      return async function flowing(ctx: Context) {
        const { broker, nodeID, id } = ctx;
        if (nodeID === null || nodeID === broker.nodeID) return next.call(this, ctx);
        const body =
          ctx.stream instanceof Readable ? flow.#receiver(ctx.stream, broker, nodeID, `${id} body`) : undefined;
        if (body) ctx.stream = body;
        try {
          const result: unknown = await next.call(this, ctx);
          if (result instanceof Uint8Array && result.length > MAX_WHOLE_BYTES) {
            return flow.#sender(Readable.from([result], { objectMode: false }), `${nodeID} ${id}`);
          }
          if (result instanceof Readable) return flow.#sender(result, `${nodeID} ${id}`);
          if (isAsyncIterable(result)) return flow.#sender(Readable.from(result), `${nodeID} ${id}`);
          body?.destroy();
          return result;
        } catch (error) {
          body?.destroy();
          throw error;
        }
      };
    },
    remoteAction: (next: ActionHandler, action: ActionSchema): ActionHandler => {
      if (!action.streams) return next;
      const flow = this;
      return async function flowing(ctx: Context) {
        const { stream } = ctx.options;
        // Moleculer has chosen the node by now
        const body = stream && flow.#sender(stream, `${ctx.nodeID} ${ctx.id} body`, true);
        if (body) ctx.options.stream = body;
        try {
          const result: unknown = await next.call(this, ctx);
          if (result instanceof Readable) return flow.#receiver(result, ctx.broker, ctx.nodeID ?? "", ctx.id);
          body?.destroy();
          return result;
        } catch (error) {
          body?.destroy();
          throw error;
        }
      };
    },
  };

  #sender(source: Readable, key: string, isKept = false): StreamSender {
    const sender = new StreamSender(source, isKept, this.#silenceMs, () => this.#senders.delete(key));
    this.#senders.set(key, sender);
    return sender;
  }

  #receiver(from: Readable, broker: ServiceBroker, nodeID: string, id: string): StreamReceiver {
    const tell: ReportToSender = (news) => {
      // a sender that is gone needs no report
      broker.call("streams.read", { id, ...news }, { nodeID }).catch(() => undefined);
    };
    return new StreamReceiver(from, tell, this.#aliveMs);
  }
}

/** The sending end of a stream to another node: it pauses while too much is unread. */
class StreamSender extends Transform {
  readonly #source: Readable;
  readonly #keepsSource: boolean;
  readonly #silenceTimer: NodeJS.Timeout;
  readonly #closed: () => void;
  #inFlightBytes = 0;
  #resume: (() => void) | undefined;

  /** `isKept`: the source is not destroyed with this. */
  constructor(source: Readable, isKept: boolean, silenceMs: number, closed: () => void) {
    super({ objectMode: source.readableObjectMode, readableHighWaterMark: 1, writableHighWaterMark: 1 });
    this.#source = source;
    this.#keepsSource = isKept;
    this.#closed = closed;
    this.#silenceTimer = setTimeout(() => this.#giveUp("The reader's node says nothing."), silenceMs).unref();
    source.on("error", (error) => this.destroy(error));
    source.once("close", () => {
      if (!source.readableEnded) this.destroy(new Error("The source was closed before its end."));
    });
    source.pipe(this);
  }

  /** The reader has read so many more bytes. */
  noteRead(bytes: number, isFinal: boolean): void {
    if (isFinal) return void this.#giveUp("The reader has gone away.");
    this.#silenceTimer.refresh();
    this.#inFlightBytes -= bytes;
    if (this.#inFlightBytes > WINDOW_BYTES) return;
    const next = this.#resume;
    this.#resume = undefined;
    next?.();
  }

  override _transform(chunk: unknown, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#inFlightBytes += sizeOf(chunk);
    this.push(chunk);
    if (this.#inFlightBytes <= WINDOW_BYTES) done();
    else this.#resume = done;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#silenceTimer);
    this.#closed();
    this.#source.unpipe(this);
    if (this.#keepsSource) this.#source.resume();
    else this.#source.on("error", () => undefined).destroy();
    done(error);
  }

  /** Destroys the stream with an error, which Moleculer sends to the reader's node. */
  #giveUp(reason: string): void {
    if (!this.destroyed) this.destroy(new Error(reason));
  }
}

/** The receiving end of a stream from another node: it reports what was read to the sender. */
class StreamReceiver extends Transform {
  readonly #from: Readable;
  readonly #reportToSender: ReportToSender;
  readonly #reportTimer: NodeJS.Timeout;
  #unreportedBytes = 0;
  #isEnded = false;

  constructor(from: Readable, tell: ReportToSender, aliveMs: number) {
    super({ objectMode: from.readableObjectMode, readableHighWaterMark: 1, writableHighWaterMark: 1 });
    this.#from = from;
    this.#reportToSender = tell;
    this.#reportTimer = setInterval(() => this.#report(), aliveMs).unref();
    from.on("error", (error) => this.destroy(error));
    from.once("close", () => {
      if (!from.readableEnded) this.destroy(new Error("The other node has closed the stream."));
    });
    from.pipe(this);
  }

  override _transform(chunk: unknown, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#unreportedBytes += sizeOf(chunk);
    if (this.#unreportedBytes >= WINDOW_BYTES / 4) this.#report();
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.#isEnded = true;
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearInterval(this.#reportTimer);
    if (!this.#isEnded) this.#reportToSender({ bytes: 0, isFinal: true });
    this.#from.unpipe(this);
    this.#from.on("error", () => undefined).destroy();
    done(error);
  }

  #report(): void {
    this.#reportToSender({ bytes: this.#unreportedBytes, isFinal: false });
    this.#unreportedBytes = 0;
  }
}

/** Whether a result can be read piece by piece, as a stream is. */
function isAsyncIterable(result: unknown): result is AsyncIterable<unknown> {
  return typeof result === "object" && result !== null && Symbol.asyncIterator in result;
}

function sizeOf(chunk: unknown): number {
  return typeof chunk === "string" || chunk instanceof Uint8Array ? chunk.length : OBJECT_BYTES;
}
