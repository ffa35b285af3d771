import { PassThrough, Readable, type Transform } from "node:stream";
import { refuse } from "../../contract/index.ts";
import type { StreamEntry } from "../../surface.ts";
import { closeAfterReading, closeAfterResponse } from "../http/closing.ts";
import type { Exchange } from "../http/exchange.ts";
import { EventEncoder } from "./event-encoder.ts";
import { headersOf, mediaTypesOf, type ResultMeta, responseHead } from "./response-head.ts";
import { WebRequest } from "./web-request.ts";
import { WebResponse } from "./web-response.ts";

/** The parts of the gateway that a run uses. */
export interface RunParts {
  /** Milliseconds for which a client may leave what was sent to it unread. */
  readonly sendMs: number;
  /** Headers of a response to a page of this site. */
  corsHeaders(exchange: Exchange): Readonly<Record<string, string>>;
  /** Whether connections are closed after their response. */
  isLeaving(): boolean;
  /** Takes a slot for a streamed response. Returns a function that gives it back. Throws RATE_LIMITED. */
  takeSlot(exchange: Exchange): () => void;
  /** Counts bytes of a response that is not streamed and that the client has not read, until the response has ended. */
  countUnread(exchange: Exchange, bytes: number): void;
  /** Called when a response fails after its head was sent. */
  reportLateFailure(exchange: Exchange, error: unknown): void;
  /** Hands the request to moleculer-web. */
  handOver(request: WebRequest<StreamRun>, response: WebResponse): Promise<void>;
}

/** How often a client's reading is checked within the time that it has for it. */
const CHECKS_PER_SEND_TIME = 8;
const BUFFER_BYTES = 16 * 1024;

/** One request for an entry of kind `stream`. */
export class StreamRun {
  readonly exchange: Exchange;
  readonly entry: StreamEntry;
  /** The checked parameters of the action. */
  params: object = {};
  /** The `meta` of the action. */
  meta: object = {};
  readonly #parts: RunParts;
  readonly #cleanups: (() => void)[] = [];
  #ownHeaders: ReadonlyMap<string, string> = new Map();
  #failure: { readonly error: unknown } | undefined;
  #reject: ((error: unknown) => void) | undefined;
  #endStream: (() => void) | undefined;
  #isStreamed = false;
  #isClosed = false;
  /** Whether server-sent events end as soon as they have begun. */
  #endsAtOnce = false;

  constructor(exchange: Exchange, entry: StreamEntry, parts: RunParts) {
    this.exchange = exchange;
    this.entry = entry;
    this.#parts = parts;
  }

  /** Takes the slot of a streamed response, unless it has one. */
  takeSlot(): void {
    if (this.#isStreamed) return;
    this.#isStreamed = true;
    this.onEnd(this.#parts.takeSlot(this.exchange));
  }

  /** Calls `cleanup` when the request is over; at once where it already is. */
  onEnd(cleanup: () => void): void {
    if (this.#isClosed) cleanup();
    else this.#cleanups.push(cleanup);
  }

  /**
   * Calls the action by moleculer-web, with a stream that `send` writes the body into. Resolves with the status when
   * the response has ended. Rejects where it fails before its head was sent.
   */
  respond(send: (to: WebRequest<StreamRun>) => void): Promise<number> {
    const { request, response } = this.exchange;
    const { method, action } = this.entry;
    const web = new WebRequest<StreamRun>(this, { method, action, etag: request.headers["if-none-match"] });
    web.on("error", (error) => this.fail(error));
    this.onEnd(() => web.destroy());
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      if (this.#failure) return reject(this.#failure.error);
      response.once("close", () => {
        if (response.headersSent) resolve(response.statusCode);
        else reject(refuse("TIMEOUT")); // the client has disconnected
      });
      if (response.destroyed) return reject(refuse("TIMEOUT"));
      const isRefused = () => this.#failure !== undefined;
      const countUnread = (bytes: number) => {
        // a streamed response has its own limits
        if (!this.#isStreamed) this.#parts.countUnread(this.exchange, bytes);
      };
      const writeHead = (status: number, made: ReadonlyMap<string, string>) => this.#writeHead(status, made);
      const prepareResult = new WebResponse(response, writeHead, isRefused, countUnread);
      this.#parts.handOver(web, prepareResult).catch((error: unknown) => this.fail(error));
      send(web);
    });
  }

  /** Whether the response is streamed. */
  get isStreamed(): boolean {
    return this.#isStreamed;
  }

  /** Ends the request with an error: with a refusal where nothing was sent yet, else by closing the connection. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    const { response } = this.exchange;
    if (response.headersSent) {
      if (!response.writableEnded) {
        if (!response.destroyed) this.#parts.reportLateFailure(this.exchange, error);
        response.destroy();
      }
    } else this.#reject?.(this.#failure.error);
  }

  /** Ends server-sent events regularly, and any other response with a refusal. */
  end(refusal: Error): void {
    if (this.#endStream && isEvents(this.entry)) this.#endStream();
    else this.fail(refusal);
  }

  /** Ends server-sent events regularly, and closes the connection after any other response. */
  endAndClose(): void {
    const { request, response } = this.exchange;
    // the head that was sent did not announce that the connection closes
    if (response.headersSent) response.once("close", () => closeAfterReading(request.socket.end()));
    this.endEvents();
  }

  /** Called when the user's permissions have changed: ends server-sent events, and refuses a request without action. */
  endUser(): void {
    if (this.#reject) this.endEvents();
    else this.fail(refuse("UNAUTHORIZED"));
  }

  /** Ends server-sent events regularly, also those that have not begun, and no other response. */
  endEvents(): void {
    if (!isEvents(this.entry)) return;
    this.#endsAtOnce = true;
    this.#endStream?.();
  }

  close(): void {
    this.#isClosed = true;
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  /** Returns what moleculer-web has to send for the result of the action. */
  sendResult(meta: ResultMeta, data: unknown, to: WebResponse): unknown {
    const { returns } = this.entry;
    if (this.#failure || this.#isClosed) {
      // the client has disconnected, or gets a refusal: the action has returned too late
      asReadable(data)
        ?.on("error", () => undefined)
        .destroy();
      throw this.#failure?.error ?? refuse("TIMEOUT");
    }
    this.#ownHeaders = headersOf(returns, meta);
    delete meta.$responseHeaders;
    // moleculer-web compares it with the version that the client has
    const etag = this.#ownHeaders.get("etag");
    if (etag !== undefined) to.setHeader("etag", etag);
    if (data === undefined || data === null) return data;
    if (!("as" in returns)) {
      if (asReadable(data)) throw new Error(`${this.entry.action} returns a stream, and its entry declares JSON.`);
      return data;
    }
    meta.$responseType ??= mediaTypesOf(returns)[0];
    const stream = asReadable(data);
    if (stream) {
      try {
        this.takeSlot();
      } catch (error) {
        stream.destroy();
        throw error;
      }
      return this.#sendWhileRead(
        stream,
        returns.as === "events" ? new EventEncoder(Object.keys(returns.events)) : passThrough(),
      );
    }
    const whole = asBytes(data);
    if (returns.as === "events" || !whole) {
      throw new Error(`${this.entry.action} returns ${typeof data}, and its entry declares ${returns.as}.`);
    }
    return whole;
  }

  /**
   * Passes a stream on as fast as the client reads. The stream that moleculer-web reads always ends without an error;
   * an error closes the connection here.
   */
  #sendWhileRead(source: Readable, through: Transform): Transform {
    const { response } = this.exchange;
    let isFinished = false;
    const finish = () => {
      if (isFinished) return;
      isFinished = true;
      source.unpipe(through);
      source.on("error", () => undefined).destroy();
      through.end();
    };
    const failStream = (error: unknown) => {
      if (isFinished) return;
      finish();
      this.fail(error);
      response.destroy();
    };
    through.on("error", failStream);
    source.on("error", failStream).on("close", () => {
      if (!source.readableEnded) failStream(new Error("The stream of an action was closed before its end."));
    });
    response.once("close", finish);
    this.#endStream = finish;
    this.#watchReader(() => failStream(new Error("The client does not read.")));
    if (this.#endsAtOnce) finish();
    else source.pipe(through);
    return through;
  }

  /** Ends a response whose client has read nothing for too long. */
  #watchReader(onTimeout: () => void): void {
    const { response } = this.exchange;
    let checks = 0;
    const count = () => {
      checks = response.writableNeedDrain ? checks + 1 : 0;
      if (checks > CHECKS_PER_SEND_TIME) onTimeout();
    };
    const timer = setInterval(count, this.#parts.sendMs / CHECKS_PER_SEND_TIME).unref();
    const read = () => {
      checks = 0;
    };
    response.on("drain", read);
    this.onEnd(() => clearInterval(timer));
  }

  #writeHead(status: number, made: ReadonlyMap<string, string>): void {
    const { request, response, id } = this.exchange;
    const headers = responseHead(this.entry.returns, status, made, this.#ownHeaders);
    headers["x-request-id"] = id;
    Object.assign(headers, this.#parts.corsHeaders(this.exchange));
    if (!request.complete) closeAfterResponse(request.socket);
    if (!request.complete || this.#parts.isLeaving()) headers.connection = "close";
    response.writeHead(status, headers);
  }
}

/** Whether the entry returns server-sent events. */
export function isEvents({ returns }: StreamEntry): boolean {
  return "as" in returns && returns.as === "events";
}

/** The result as a stream, where it is one or is iterable; undefined for bytes. */
function asReadable(data: unknown): Readable | undefined {
  if (data instanceof Readable) return data;
  const isRead = typeof data === "object" && data !== null && Symbol.asyncIterator in data;
  return isRead ? Readable.from(data as AsyncIterable<unknown>) : undefined;
}

/** The result as bytes, where it is some. The `Buffer` of another node arrives in its JSON form. */
function asBytes(data: unknown): Buffer | undefined {
  if (data instanceof Uint8Array) return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const { type, data: values } = data as { readonly type?: unknown; readonly data?: unknown };
  return type === "Buffer" && Array.isArray(values) ? Buffer.from(values) : undefined;
}

const passThrough = () => new PassThrough({ highWaterMark: BUFFER_BYTES });
