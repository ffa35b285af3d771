import type { ServerResponse } from "node:http";
import { Writable } from "node:stream";

/** Called with the bytes of a chunk that the client has not read yet. */
type OnUnread = (bytes: number) => void;
/** Writes the head of the response; called once, before the first byte of the body. */
type WriteHead = (status: number, headers: ReadonlyMap<string, string>) => void;

/**
 * The response that moleculer-web writes to. It collects the headers that moleculer-web sets; `writeHead` decides which
 * of them the client gets. It always ends without an error, because moleculer-web would log a stack for each client
 * that disconnects.
 */
export class WebResponse extends Writable {
  statusCode = 200;
  statusMessage = "";
  readonly #response: ServerResponse;
  readonly #writeHead: WriteHead;
  readonly #isRefused: () => boolean;
  readonly #onUnread: OnUnread;
  readonly #headers = new Map<string, string>();
  #isHeadWritten = false;

  /** `isRefused` returns whether the client gets a refusal instead; asked until the head is written. */
  constructor(response: ServerResponse, writeHead: WriteHead, isRefused: () => boolean, onUnread: OnUnread) {
    super({ emitClose: true });
    this.#response = response;
    this.#writeHead = writeHead;
    this.#isRefused = isRefused;
    this.#onUnread = onUnread;
  }

  get headersSent(): boolean {
    return this.#isHeadWritten;
  }

  setHeader(name: string, value: string | number): this {
    this.#headers.set(name.toLowerCase(), String(value));
    return this;
  }

  getHeader(name: string): string | undefined {
    return this.#headers.get(name.toLowerCase());
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase());
  }

  override end(...given: unknown[]): this {
    const [chunk] = given;
    // the whole body is in one chunk, so its length is known
    if (!this.#isHeadWritten && (typeof chunk === "string" || Buffer.isBuffer(chunk)))
      this.setHeader("content-length", Buffer.byteLength(chunk));
    return super.end(...(given as []));
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const response = this.#response;
    if (this.#isFinished) return void done();
    this.#writeHeadOnce();
    if (response.write(chunk)) return void done();
    this.#onUnread(chunk.length);
    const proceed = () => {
      response.off("drain", proceed).off("close", proceed);
      done();
    };
    response.on("drain", proceed).on("close", proceed);
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#isFinished) {
      this.#writeHeadOnce();
      this.#response.end();
    }
    done();
  }

  /** Whether the client has disconnected, has the whole response, or gets a refusal instead. */
  get #isFinished(): boolean {
    const { destroyed, writableEnded, headersSent } = this.#response;
    return destroyed || writableEnded || (!this.#isHeadWritten && (headersSent || this.#isRefused()));
  }

  #writeHeadOnce(): void {
    if (this.#isHeadWritten) return;
    this.#isHeadWritten = true;
    this.#writeHead(this.statusCode, this.#headers);
  }
}
